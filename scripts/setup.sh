#!/usr/bin/env bash
# Installs what is missing on this machine, and only that.
#   scripts/setup.sh run    what the command line needs
#   scripts/setup.sh test   that, and what building and testing need
# For Debian 12 and 13 and Ubuntu 22.04 and 24.04. Node and npm are taken as they are.
set -euo pipefail

readonly NODE_AT_LEAST=20.12

level=${1:-}
missing=()

main() {
  case $level in
    run) needs_of_run ;;
    test)
      needs_of_run
      needs_of_test
      ;;
    *) die "Usage: scripts/setup.sh run|test" ;;
  esac
  check_node
  install_missing
  check_libbpf
  if [[ $level == test ]]; then mend_bpftool; fi
  say "set up for '$level'"
}

needs_of_run() {
  command_of qemu-system-x86_64 qemu-system-x86 "boots the kernels (the x86 system emulator alone)"
  libbpf_1 || package libbpf1 "loads the eBPF objects, in the guest"
  command_of iperf3 iperf3 "makes network load"
  command_of gpgv gpgv "verifies the signature on Debian's archive"
  command_of xz xz-utils "unpacks the archive's indices and kernels"
  command_of lz4 lz4 "unpacks kernels"
  command_of zstd zstd "unpacks kernels"
  command_of depmod kmod "finds what a kernel module depends on"
  command_of dpkg-deb dpkg "unpacks kernel packages"
  command_of setpriv util-linux "ends QEMU with the process that started it"
}

needs_of_test() {
  command_of clang clang "compiles eBPF"
  command_of llvm-strip llvm "takes debug sections out of eBPF objects"
  command_of llvm-objdump llvm "disassembles eBPF, to check our own reading"
  [[ -e /usr/include/bpf/bpf_helpers.h ]] || package libbpf-dev "headers of eBPF programs"
  if on_ubuntu; then
    command_of bpftool linux-tools-common "says what libbpf makes of an object"
    has_bpftool || package linux-tools-generic "bpftool itself"
  else
    command_of bpftool bpftool "says what libbpf makes of an object"
  fi
  command_of gcc gcc "compiles the small C that runs in the guest"
  command_of objdump binutils "disassembles machine code, to check our own reading"
  command_of make make "builds the sample project"
  command_of cpio cpio "reads the initramfs, to check our own writing"
  command_of gpg gnupg "signs the tests' own archive"
  command_of gpg-agent gpg-agent "signs the tests' own archive"
  command_of go golang-go "builds a loader in Go, as projects have them"
  [[ -e /usr/share/gocode/src/github.com/cilium/ebpf/link/xdp.go ]] ||
    package golang-github-cilium-ebpf-dev "what that loader is built on"
  command_of git git "applies the sample project's patches"
  [[ -e /usr/share/keyrings/debian-archive-keyring.gpg ]] ||
    package debian-archive-keyring "verifies the packages whose eBPF objects are tested"
}

# command_of COMMAND PACKAGE WHY
command_of() {
  found "$1" || package "$2" "$3"
}

# depmod and bpftool lie where an ordinary user's PATH does not look.
found() {
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null
}

# package NAME WHY
package() {
  local name
  for name in "${missing[@]}"; do
    if [[ $name == "$1" ]]; then return; fi
  done
  missing+=("$1")
  say "$(printf 'missing: %-22s %s' "$1" "$2")"
}

on_ubuntu() {
  [[ -r /etc/os-release ]] && grep -q '^ID=ubuntu$' /etc/os-release
}

libbpf_1() {
  compgen -G '/usr/lib/*/libbpf.so.1' >/dev/null || compgen -G '/lib/*/libbpf.so.1' >/dev/null ||
    [[ -e /usr/lib64/libbpf.so.1 ]]
}

install_missing() {
  if ((${#missing[@]} == 0)); then return; fi
  command -v apt-get >/dev/null ||
    die "No apt-get here. Install what is called, on Debian: ${missing[*]}"
  say "installing: ${missing[*]}"
  as_root apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=120 -q update
  if [[ " ${missing[*]} " == *" libbpf1 "* ]] && ! apt-cache show libbpf1 >/dev/null 2>&1; then
    die "This release has no libbpf1 (Ubuntu 22.04 has libbpf0 0.5, which is too old: 1.0 or newer is needed)." \
      "Use Ubuntu 24.04 or Debian 12, or put a libbpf.so.1 into /usr/lib/x86_64-linux-gnu."
  fi
  # Services need not start, questions have no one to answer them, and recommended packages are a desktop's.
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=120 -q -y --no-install-recommends \
    install "${missing[@]}"
}

check_libbpf() {
  libbpf_1 || die "libbpf.so.1 is still missing after installing; 'node dist/cli.js doctor' says where it is looked for"
}

has_bpftool() {
  PATH="$PATH:/usr/sbin:/sbin" bpftool version >/dev/null 2>&1
}

# Ubuntu's bpftool is a script that wants the package of the very kernel that runs; any other serves here.
mend_bpftool() {
  if has_bpftool; then return; fi
  local real
  real=$(compgen -G '/usr/lib/linux-tools*/*/bpftool' | sort -V | tail -n 1 || true)
  [[ -n $real ]] || die "'bpftool version' fails: install bpftool for this machine"
  say "bpftool: $real, linked into /usr/local/sbin"
  as_root ln -sf "$real" /usr/local/sbin/bpftool
}

check_node() {
  command -v node >/dev/null ||
    die "No node here: install Node $NODE_AT_LEAST or newer (https://nodejs.org; Debian 13: apt-get install nodejs npm)"
  local version
  version=$(node --version)
  if [[ $(printf '%s\n%s\n' "$NODE_AT_LEAST" "${version#v}" | sort -V | head -n 1) != "$NODE_AT_LEAST" ]]; then
    die "Node $version is too old: $NODE_AT_LEAST or newer is needed"
  fi
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "Run this as root: $*"
  fi
}

say() {
  printf 'setup: %s\n' "$*"
}

die() {
  printf 'setup: %s\n' "$@" >&2
  exit 3
}

main
