const __filename_url = require('node:url').pathToFileURL(__filename).href;
"use strict";
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));

// src/guest.ts
var import_node_fs22 = require("node:fs");
var import_node_path5 = require("node:path");

// src/model/window.ts
var WINDOW_BYTES = 64 << 20;
var RECORDS_AT = 40 << 20;
var JOB_CAPACITY_BYTES = RECORDS_AT;
var IMAGES_LIMIT = 4096;
var LOAD_IMAGES_LIMIT = 256;
var IMAGE_PART = 256;
var SUBJECT_BYTES = 128 << 10;
var SUBJECT_AT = WINDOW_BYTES - SUBJECT_BYTES;
var PAUSES_AT = WINDOW_BYTES - 1;
var PAUSES = { asked: 1, paused: 2 };
var RECORDS_CAPACITY_BYTES = SUBJECT_AT - RECORDS_AT - 4;
var HEADER_BYTES = 8;
var BLOB_ALIGNMENT = 64;
function encodeJob(build, buildSequel) {
  const blobs = [];
  let next = JSON_ROOM;
  const place = (bytes) => {
    const at = next;
    blobs.push({ bytes, at });
    next = Math.ceil((at + bytes.length) / BLOB_ALIGNMENT) * BLOB_ALIGNMENT;
    if (next > JOB_CAPACITY_BYTES)
      throw new RangeError(`the job's objects and packets exceed ${JOB_CAPACITY_BYTES - JSON_ROOM} bytes`);
    return { at, size: bytes.length };
  };
  const job = build(place);
  const sequelAt = buildSequel && place(withLength(JSON.stringify(buildSequel(place)))).at;
  const json = new TextEncoder().encode(JSON.stringify(job));
  if (HEADER_BYTES + json.length > JSON_ROOM)
    throw new RangeError(`the job's plan exceeds ${JSON_ROOM} bytes`);
  const out = new Uint8Array(next);
  const header = new DataView(out.buffer);
  header.setUint32(0, json.length, true);
  header.setUint32(4, sequelAt ?? 0, true);
  out.set(json, HEADER_BYTES);
  for (const { bytes, at } of blobs) out.set(bytes, at);
  return out;
}
var JSON_ROOM = 4 << 20;
function encodeSubject({ images, packets, passes }) {
  const numbers = [images.length, packets, passes].map(BigInt);
  for (const { address, sizeBytes } of images.slice(0, IMAGES_LIMIT))
    numbers.push(address, address + BigInt(sizeBytes));
  return new Uint8Array(BigUint64Array.from(numbers).buffer);
}
function blobIn(window, { at, size: size2 }) {
  return window.subarray(at, at + size2);
}
function decodeJob(window) {
  const size2 = new DataView(window.buffer, window.byteOffset, 4).getUint32(0, true);
  if (size2 === 0 || size2 > JSON_ROOM - HEADER_BYTES) return void 0;
  return JSON.parse(new TextDecoder().decode(window.subarray(HEADER_BYTES, HEADER_BYTES + size2)));
}
function decodeSequel(window) {
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  const at = view.getUint32(4, true);
  if (at === 0) return void 0;
  const size2 = view.getUint32(at, true);
  return JSON.parse(new TextDecoder().decode(window.subarray(at + 4, at + 4 + size2)));
}
function withLength(text) {
  const bytes = new TextEncoder().encode(text);
  const out = new Uint8Array(4 + bytes.length);
  new DataView(out.buffer).setUint32(0, bytes.length, true);
  out.set(bytes, 4);
  return out;
}

// src/guest/channel.ts
function openChannel(window) {
  let size2 = 0;
  return {
    send: (record) => {
      const line = Buffer.from(`${JSON.stringify(record)}
`);
      if (size2 + line.length > RECORDS_CAPACITY_BYTES) throw new Error("the window is full");
      line.copy(window, RECORDS_AT + 4 + size2);
      size2 += line.length;
      window.writeUInt32LE(size2, RECORDS_AT);
    },
    reset: () => {
      size2 = 0;
    }
  };
}
function sendError(channel, error2) {
  channel.send({
    type: "error",
    message: String(error2 instanceof Error ? error2.stack : error2).slice(0, 6e4)
  });
}

// src/guest/hooks.ts
var import_node_fs8 = require("node:fs");

// src/model/hooks/hook.ts
var HookRefused = class extends Error {
};

// src/model/hooks/cgroup-device.ts
var BPF_CGROUP_DEVICE = 6;
var cgroupDevice = {
  name: "cgroup_device",
  description: "devices that a cgroup opens",
  since: "5.7",
  programTypes: ["cgroup_device"],
  options: {},
  variants: [{}],
  empty: () => "nop_cgroup_device",
  stimuli: ["device"],
  attach: (port, fd) => port.linkToCgroup(fd, BPF_CGROUP_DEVICE)
};

// node_modules/zod/v4/core/util.js
var util_exports = {};
__export(util_exports, {
  BIGINT_FORMAT_RANGES: () => BIGINT_FORMAT_RANGES,
  CONSTANT_CATCH: () => CONSTANT_CATCH,
  Class: () => Class,
  NUMBER_FORMAT_RANGES: () => NUMBER_FORMAT_RANGES,
  aborted: () => aborted,
  allowsEval: () => allowsEval,
  assert: () => assert,
  assertEqual: () => assertEqual,
  assertIs: () => assertIs,
  assertNever: () => assertNever,
  assertNotEqual: () => assertNotEqual,
  assignProp: () => assignProp,
  attachSchema: () => attachSchema,
  base64ToUint8Array: () => base64ToUint8Array,
  base64urlToUint8Array: () => base64urlToUint8Array,
  cached: () => cached,
  captureStackTrace: () => captureStackTrace,
  cleanEnum: () => cleanEnum,
  cleanRegex: () => cleanRegex,
  clone: () => clone,
  cloneDef: () => cloneDef,
  codePointLength: () => codePointLength,
  constantCatch: () => constantCatch,
  createTransparentProxy: () => createTransparentProxy,
  defineLazy: () => defineLazy,
  defineLazyInternal: () => defineLazyInternal,
  derived: () => derived,
  esc: () => esc,
  escapeRegex: () => escapeRegex,
  explicitlyAborted: () => explicitlyAborted,
  extend: () => extend,
  finalizeIssue: () => finalizeIssue,
  floatSafeRemainder: () => floatSafeRemainder,
  getElementAtPath: () => getElementAtPath,
  getEnumValues: () => getEnumValues,
  getLengthableOrigin: () => getLengthableOrigin,
  getParsedType: () => getParsedType,
  getSizableOrigin: () => getSizableOrigin,
  hexToUint8Array: () => hexToUint8Array,
  hide: () => hide,
  installLazyProp: () => installLazyProp,
  isObject: () => isObject,
  isPlainObject: () => isPlainObject,
  issue: () => issue,
  joinValues: () => joinValues,
  jsonStringifyReplacer: () => jsonStringifyReplacer,
  members: () => members,
  merge: () => merge,
  mergeDefs: () => mergeDefs,
  normalizeParams: () => normalizeParams,
  nullish: () => nullish,
  numKeys: () => numKeys,
  objectClone: () => objectClone,
  omit: () => omit,
  optionalKeys: () => optionalKeys,
  own: () => own,
  parsedType: () => parsedType,
  partial: () => partial,
  pick: () => pick,
  prefixIssues: () => prefixIssues,
  primitiveTypes: () => primitiveTypes,
  promiseAllObject: () => promiseAllObject,
  propertyKeyTypes: () => propertyKeyTypes,
  randomString: () => randomString,
  rawShape: () => rawShape,
  required: () => required,
  safeExtend: () => safeExtend,
  shallowClone: () => shallowClone,
  sizeCaps: () => sizeCaps,
  slugify: () => slugify,
  stringifyPrimitive: () => stringifyPrimitive,
  toZod: () => toZod,
  uint8ArrayToBase64: () => uint8ArrayToBase64,
  uint8ArrayToBase64url: () => uint8ArrayToBase64url,
  uint8ArrayToHex: () => uint8ArrayToHex,
  unwrapMessage: () => unwrapMessage
});
function assertEqual(val) {
  return val;
}
function assertNotEqual(val) {
  return val;
}
function toZod() {
  return (schema) => schema;
}
function assertIs(_arg) {
}
function assertNever(_x) {
  throw new Error("Unexpected value in exhaustive check");
}
function assert(_) {
}
function getEnumValues(entries) {
  const numericValues = Object.values(entries).filter((v) => typeof v === "number");
  const values = Object.entries(entries).filter(([k, _]) => numericValues.indexOf(+k) === -1).map(([_, v]) => v);
  return values;
}
function joinValues(array2, separator = "|") {
  return array2.map((val) => stringifyPrimitive(val)).join(separator);
}
function jsonStringifyReplacer(_, value) {
  if (typeof value === "bigint")
    return value.toString();
  return value;
}
var Cached = class {
  constructor(getter) {
    this._getter = getter;
    this._value = void 0;
  }
  get value() {
    const getter = this._getter;
    if (getter !== void 0) {
      this._value = getter();
      this._getter = void 0;
    }
    return this._value;
  }
};
function cached(getter) {
  return new Cached(getter);
}
function nullish(input) {
  return input === null || input === void 0;
}
function cleanRegex(source) {
  const start2 = source.startsWith("^") ? 1 : 0;
  const end = source.endsWith("$") ? source.length - 1 : source.length;
  return source.slice(start2, end);
}
function floatSafeRemainder(val, step) {
  const ratio = val / step;
  const roundedRatio = Math.round(ratio);
  const tolerance = 4 * Number.EPSILON * Math.max(Math.abs(ratio), 1);
  if (Math.abs(ratio - roundedRatio) < tolerance)
    return 0;
  return ratio - roundedRatio;
}
var EVALUATING = /* @__PURE__ */ Symbol("evaluating");
function defineLazy(object, key, getter) {
  let value = void 0;
  Object.defineProperty(object, key, {
    get() {
      if (value === EVALUATING) {
        return void 0;
      }
      if (value === void 0) {
        value = EVALUATING;
        value = getter();
      }
      return value;
    },
    set(v) {
      Object.defineProperty(object, key, {
        value: v
        // configurable: true,
      });
    },
    configurable: true
  });
}
function objectClone(obj) {
  return Object.create(Object.getPrototypeOf(obj), Object.getOwnPropertyDescriptors(obj));
}
function assignProp(target, prop, value) {
  Object.defineProperty(target, prop, {
    value,
    writable: true,
    enumerable: true,
    configurable: true
  });
}
function rawShape(def) {
  const desc = Object.getOwnPropertyDescriptor(def, "shape");
  return desc?.get ? desc.get.raw : desc?.value;
}
function sourceShape(schema) {
  return rawShape(schema._zod.def) ?? schema._zod.def.shape;
}
function deferProp(target, key, getter) {
  Object.defineProperty(target, key, {
    get() {
      const value = getter();
      assignProp(this, key, value);
      return value;
    },
    enumerable: true,
    configurable: true
  });
}
function putProp(target, key, value) {
  if (key in target)
    assignProp(target, key, value);
  else
    target[key] = value;
}
function mirrorShape(target, source, keys, wrap) {
  const raw = sourceShape(source);
  for (const key of keys) {
    const desc = Object.getOwnPropertyDescriptor(raw, key);
    if (!desc.enumerable)
      continue;
    if (desc.get) {
      deferProp(target, key, () => {
        const value = source._zod.def.shape[key];
        return wrap ? wrap(value, key) : value;
      });
    } else
      putProp(target, key, wrap ? wrap(desc.value, key) : desc.value);
  }
}
function mirrorProps(target, source) {
  for (const key of Reflect.ownKeys(source)) {
    const desc = Object.getOwnPropertyDescriptor(source, key);
    if (!desc.enumerable)
      continue;
    if (desc.get)
      deferProp(target, key, () => source[key]);
    else
      putProp(target, key, desc.value);
  }
}
function mergeDefs(...defs) {
  const mergedDescriptors = {};
  for (const def of defs) {
    const descriptors = Object.getOwnPropertyDescriptors(def);
    Object.assign(mergedDescriptors, descriptors);
  }
  return Object.defineProperties({}, mergedDescriptors);
}
function cloneDef(schema) {
  return mergeDefs(schema._zod.def);
}
function getElementAtPath(obj, path) {
  if (!path)
    return obj;
  return path.reduce((acc, key) => acc?.[key], obj);
}
function promiseAllObject(promisesObj) {
  const keys = Object.keys(promisesObj);
  const promises = keys.map((key) => promisesObj[key]);
  return Promise.all(promises).then((results) => {
    const resolvedObj = {};
    for (let i = 0; i < keys.length; i++) {
      resolvedObj[keys[i]] = results[i];
    }
    return resolvedObj;
  });
}
function randomString(length = 10) {
  const chars = "abcdefghijklmnopqrstuvwxyz";
  let str = "";
  for (let i = 0; i < length; i++) {
    str += chars[Math.floor(Math.random() * chars.length)];
  }
  return str;
}
function esc(str) {
  return JSON.stringify(str);
}
function slugify(input) {
  return input.toLowerCase().trim().replace(/[^\w\s-]/g, "").replace(/[\s_-]+/g, "-").replace(/^-+|-+$/g, "");
}
var captureStackTrace = "captureStackTrace" in Error ? Error.captureStackTrace : (..._args) => {
};
function isObject(data) {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}
var allowsEval = /* @__PURE__ */ cached(() => {
  if (globalConfig.jitless) {
    return false;
  }
  if (typeof navigator !== "undefined" && navigator?.userAgent?.includes("Cloudflare")) {
    return false;
  }
  try {
    const F = Function;
    new F("");
    return true;
  } catch (_) {
    return false;
  }
});
function isPlainObject(o) {
  if (isObject(o) === false)
    return false;
  const ctor = o.constructor;
  if (ctor === void 0)
    return true;
  if (typeof ctor !== "function")
    return true;
  const prot = ctor.prototype;
  if (isObject(prot) === false)
    return false;
  if (Object.prototype.hasOwnProperty.call(prot, "isPrototypeOf") === false) {
    return false;
  }
  return true;
}
function shallowClone(o) {
  if (isPlainObject(o))
    return { ...o };
  if (Array.isArray(o))
    return [...o];
  if (o instanceof Map)
    return new Map(o);
  if (o instanceof Set)
    return new Set(o);
  return o;
}
function numKeys(data) {
  let keyCount = 0;
  for (const key in data) {
    if (Object.prototype.hasOwnProperty.call(data, key)) {
      keyCount++;
    }
  }
  return keyCount;
}
var getParsedType = (data) => {
  const t = typeof data;
  switch (t) {
    case "undefined":
      return "undefined";
    case "string":
      return "string";
    case "number":
      return Number.isNaN(data) ? "nan" : "number";
    case "boolean":
      return "boolean";
    case "function":
      return "function";
    case "bigint":
      return "bigint";
    case "symbol":
      return "symbol";
    case "object":
      if (Array.isArray(data)) {
        return "array";
      }
      if (data === null) {
        return "null";
      }
      if (data.then && typeof data.then === "function" && data.catch && typeof data.catch === "function") {
        return "promise";
      }
      if (typeof Map !== "undefined" && data instanceof Map) {
        return "map";
      }
      if (typeof Set !== "undefined" && data instanceof Set) {
        return "set";
      }
      if (typeof Date !== "undefined" && data instanceof Date) {
        return "date";
      }
      if (typeof File !== "undefined" && data instanceof File) {
        return "file";
      }
      return "object";
    default:
      throw new Error(`Unknown data type: ${t}`);
  }
};
var propertyKeyTypes = /* @__PURE__ */ new Set(["string", "number", "symbol"]);
var primitiveTypes = /* @__PURE__ */ new Set([
  "string",
  "number",
  "bigint",
  "boolean",
  "symbol",
  "undefined"
]);
function escapeRegex(str) {
  return str.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
function clone(inst, def, params) {
  const cl = new inst._zod.constr(def ?? inst._zod.def);
  if (!def || params?.parent)
    cl._zod.parent = inst;
  return cl;
}
function normalizeParams(_params) {
  const params = _params;
  if (!params)
    return {};
  if (typeof params === "string")
    return { error: () => params };
  if (params?.message !== void 0) {
    if (params?.error !== void 0)
      throw new Error("Cannot specify both `message` and `error` params");
    params.error = params.message;
  }
  delete params.message;
  if (typeof params.error === "string")
    return { ...params, error: () => params.error };
  return params;
}
function createTransparentProxy(getter) {
  let target;
  return new Proxy({}, {
    get(_, prop, receiver) {
      target ?? (target = getter());
      return Reflect.get(target, prop, receiver);
    },
    set(_, prop, value, receiver) {
      target ?? (target = getter());
      return Reflect.set(target, prop, value, receiver);
    },
    has(_, prop) {
      target ?? (target = getter());
      return Reflect.has(target, prop);
    },
    deleteProperty(_, prop) {
      target ?? (target = getter());
      return Reflect.deleteProperty(target, prop);
    },
    ownKeys(_) {
      target ?? (target = getter());
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor(_, prop) {
      target ?? (target = getter());
      return Reflect.getOwnPropertyDescriptor(target, prop);
    },
    defineProperty(_, prop, descriptor) {
      target ?? (target = getter());
      return Reflect.defineProperty(target, prop, descriptor);
    }
  });
}
function stringifyPrimitive(value) {
  if (typeof value === "bigint")
    return value.toString() + "n";
  if (typeof value === "string")
    return `"${value}"`;
  return `${value}`;
}
function optionalKeys(shape) {
  return Object.keys(shape).filter((k) => {
    return shape[k]._zod.optin !== void 0 && shape[k]._zod.optout === "optional";
  });
}
var NUMBER_FORMAT_RANGES = /* @__PURE__ */ (() => ({
  safeint: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
  float32: [-34028234663852886e22, 34028234663852886e22],
  float64: [-Number.MAX_VALUE, Number.MAX_VALUE]
}))();
var BIGINT_FORMAT_RANGES = {
  int64: [/* @__PURE__ */ BigInt("-9223372036854775808"), /* @__PURE__ */ BigInt("9223372036854775807")],
  uint64: [/* @__PURE__ */ BigInt(0), /* @__PURE__ */ BigInt("18446744073709551615")]
};
function pick(schema, mask) {
  const currDef = schema._zod.def;
  const checks = currDef.checks;
  const hasChecks = checks && checks.length > 0;
  if (hasChecks) {
    throw new Error(".pick() cannot be used on object schemas containing refinements");
  }
  const newShape = {};
  mirrorShape(newShape, schema, maskedKeys(schema, mask));
  return clone(schema, mergeDefs(currDef, { shape: newShape, checks: [] }));
}
function maskedKeys(schema, mask) {
  const raw = sourceShape(schema);
  const keys = [];
  for (const key of Reflect.ownKeys(mask)) {
    if (!Object.getOwnPropertyDescriptor(raw, key)?.enumerable) {
      throw new Error(`Unrecognized key: "${String(key)}"`);
    }
    if (mask[key])
      keys.push(key);
  }
  return keys;
}
function omit(schema, mask) {
  const currDef = schema._zod.def;
  const checks = currDef.checks;
  const hasChecks = checks && checks.length > 0;
  if (hasChecks) {
    throw new Error(".omit() cannot be used on object schemas containing refinements");
  }
  const omitted = new Set(maskedKeys(schema, mask));
  const newShape = {};
  mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)).filter((key) => !omitted.has(key)));
  return clone(schema, mergeDefs(currDef, { shape: newShape, checks: [] }));
}
function extend(schema, shape) {
  if (!isPlainObject(shape)) {
    throw new Error("Invalid input to extend: expected a plain object");
  }
  const checks = schema._zod.def.checks;
  const hasChecks = checks && checks.length > 0;
  if (hasChecks) {
    const existingShape = sourceShape(schema);
    for (const key of Reflect.ownKeys(shape)) {
      if (Object.getOwnPropertyDescriptor(existingShape, key) !== void 0) {
        throw new Error("Cannot overwrite keys on object schemas containing refinements. Use `.safeExtend()` instead.");
      }
    }
  }
  return clone(schema, mergeDefs(schema._zod.def, { shape: extended(schema, shape) }));
}
function extended(schema, shape) {
  const newShape = {};
  mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)));
  mirrorProps(newShape, shape);
  return newShape;
}
function safeExtend(schema, shape) {
  if (!isPlainObject(shape)) {
    throw new Error("Invalid input to safeExtend: expected a plain object");
  }
  return clone(schema, mergeDefs(schema._zod.def, { shape: extended(schema, shape) }));
}
function merge(a, b) {
  if (!b?._zod?.def) {
    throw new Error("Invalid input to merge: expected an object schema. To merge a plain shape, use `.extend()`.");
  }
  if (a._zod.def.checks?.length) {
    throw new Error(".merge() cannot be used on object schemas containing refinements. Use .safeExtend() instead.");
  }
  const newShape = {};
  mirrorShape(newShape, a, Reflect.ownKeys(sourceShape(a)));
  mirrorShape(newShape, b, Reflect.ownKeys(sourceShape(b)));
  const def = mergeDefs(a._zod.def, {
    shape: newShape,
    get catchall() {
      return b._zod.def.catchall;
    },
    checks: b._zod.def.checks ?? []
  });
  return clone(a, def);
}
function partial(Class2, schema, mask, name = "partial") {
  const currDef = schema._zod.def;
  const checks = currDef.checks;
  const hasChecks = checks && checks.length > 0;
  if (hasChecks) {
    throw new Error(`.${name}() cannot be used on object schemas containing refinements`);
  }
  const selected = mask ? new Set(maskedKeys(schema, mask)) : void 0;
  const newShape = {};
  mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)), Class2 && ((value, key) => selected && !selected.has(key) ? value : new Class2({ type: "optional", innerType: value })));
  return clone(schema, mergeDefs(schema._zod.def, { shape: newShape, checks: [] }));
}
function required(Class2, schema, mask) {
  const selected = mask ? new Set(maskedKeys(schema, mask)) : void 0;
  const newShape = {};
  mirrorShape(newShape, schema, Reflect.ownKeys(sourceShape(schema)), (value, key) => (
    // overwrite with non-optional
    selected && !selected.has(key) ? value : new Class2({ type: "nonoptional", innerType: value })
  ));
  return clone(schema, mergeDefs(schema._zod.def, { shape: newShape }));
}
function aborted(x, startIndex = 0) {
  if (x.aborted === true)
    return true;
  for (let i = startIndex; i < x.issues.length; i++) {
    if (x.issues[i]?.continue !== true) {
      return true;
    }
  }
  return false;
}
function explicitlyAborted(x, startIndex = 0) {
  if (x.aborted === true)
    return true;
  for (let i = startIndex; i < x.issues.length; i++) {
    if (x.issues[i]?.continue === false) {
      return true;
    }
  }
  return false;
}
function prefixIssues(path, issues) {
  return issues.map((iss) => {
    var _a3;
    (_a3 = iss).path ?? (_a3.path = []);
    iss.path.unshift(path);
    return iss;
  });
}
function unwrapMessage(message) {
  return typeof message === "string" ? message : message?.message;
}
function sizeCaps(defChecks) {
  const caps = [];
  for (const ch of defChecks ?? []) {
    const d = ch._zod.def;
    if (!/_(length|size)$|_equals$/.test(d.check))
      break;
    const max = d.maximum ?? d.length ?? d.size;
    if (max >= 0)
      caps.push([max, ch]);
  }
  return caps;
}
function attachSchema(issues, start2, inst) {
  var _a3;
  for (let i = start2; i < issues.length; i++) {
    (_a3 = issues[i]).schema ?? (_a3.schema = inst);
  }
}
function finalizeIssue(iss, ctx, config2) {
  var _a3;
  const traits = iss.inst?._zod?.traits;
  if (traits?.has("$ZodType")) {
    if (traits.has("$ZodCheck"))
      (_a3 = iss).schema ?? (_a3.schema = iss.inst);
    else
      iss.schema = iss.inst;
  }
  const schemaError = iss.schema !== iss.inst ? iss.schema?._zod.def?.error : void 0;
  const message = iss.message ? iss.message : unwrapMessage(iss.inst?._zod.def?.error?.(iss)) ?? unwrapMessage(schemaError?.(iss)) ?? unwrapMessage(ctx?.error?.(iss)) ?? unwrapMessage(config2.customError?.(iss)) ?? unwrapMessage(config2.localeError?.(iss)) ?? "Invalid input";
  const full = {};
  for (const k of Object.keys(iss)) {
    if (k === "inst" || k === "schema" || k === "continue" || k === "input" || k === "__proto__")
      continue;
    full[k] = iss[k];
  }
  full.path ?? (full.path = []);
  full.message = message;
  if (ctx?.reportInput) {
    full.input = iss.input;
  }
  return full;
}
function getSizableOrigin(input) {
  if (input instanceof Set)
    return "set";
  if (input instanceof Map)
    return "map";
  if (input instanceof File)
    return "file";
  return "unknown";
}
var highSurrogate = /[\uD800-\uDBFF]/;
function codePointLength(str) {
  const units = str.length;
  if (!highSurrogate.test(str))
    return units;
  let count = units;
  for (let i = 0; i < units - 1; i++) {
    if ((str.charCodeAt(i) & 64512) === 55296 && (str.charCodeAt(i + 1) & 64512) === 56320) {
      count--;
      i++;
    }
  }
  return count;
}
function getLengthableOrigin(input) {
  if (Array.isArray(input))
    return "array";
  if (typeof input === "string")
    return "string";
  return "unknown";
}
function parsedType(data) {
  const t = typeof data;
  switch (t) {
    case "number": {
      return Number.isNaN(data) ? "nan" : "number";
    }
    case "object": {
      if (data === null) {
        return "null";
      }
      if (Array.isArray(data)) {
        return "array";
      }
      const obj = data;
      if (obj && Object.getPrototypeOf(obj) !== Object.prototype && "constructor" in obj && obj.constructor) {
        return obj.constructor.name;
      }
    }
  }
  return t;
}
function issue(...args) {
  const [iss, input, inst] = args;
  if (typeof iss === "string") {
    return {
      message: iss,
      code: "custom",
      input,
      inst
    };
  }
  return { ...iss };
}
function cleanEnum(obj) {
  return Object.entries(obj).filter(([k, _]) => {
    return Number.isNaN(Number.parseInt(k, 10));
  }).map((el) => el[1]);
}
function base64ToUint8Array(base642) {
  const binaryString = atob(base642);
  const bytes = new Uint8Array(binaryString.length);
  for (let i = 0; i < binaryString.length; i++) {
    bytes[i] = binaryString.charCodeAt(i);
  }
  return bytes;
}
function uint8ArrayToBase64(bytes) {
  let binaryString = "";
  for (let i = 0; i < bytes.length; i++) {
    binaryString += String.fromCharCode(bytes[i]);
  }
  return btoa(binaryString);
}
function base64urlToUint8Array(base64url2) {
  const base642 = base64url2.replace(/-/g, "+").replace(/_/g, "/");
  const padding = "=".repeat((4 - base642.length % 4) % 4);
  return base64ToUint8Array(base642 + padding);
}
function uint8ArrayToBase64url(bytes) {
  return uint8ArrayToBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
function hexToUint8Array(hex) {
  const cleanHex = hex.replace(/^0x/, "");
  if (cleanHex.length % 2 !== 0) {
    throw new Error("Invalid hex string length");
  }
  const bytes = new Uint8Array(cleanHex.length / 2);
  for (let i = 0; i < cleanHex.length; i += 2) {
    bytes[i / 2] = Number.parseInt(cleanHex.slice(i, i + 2), 16);
  }
  return bytes;
}
function uint8ArrayToHex(bytes) {
  return Array.from(bytes).map((b) => b.toString(16).padStart(2, "0")).join("");
}
var Class = class {
  constructor(..._args) {
  }
};
function members(proto, table) {
  for (const key in table) {
    const desc = Object.getOwnPropertyDescriptor(table, key);
    if (desc.get)
      Object.defineProperty(proto, key, { ...desc, enumerable: false });
    else
      defineBound(proto, key, desc.value);
  }
}
function own(inst, key, value, enumerable = true) {
  Object.defineProperty(inst, key, { configurable: true, writable: true, enumerable, value });
  return value;
}
function hide(inst, key, value) {
  return own(inst, key, value, false);
}
// @__NO_SIDE_EFFECTS__
function derived(computes, table) {
  for (const key in computes) {
    const compute = computes[key];
    Object.defineProperty(table, key, {
      configurable: true,
      enumerable: true,
      get() {
        return own(this, key, compute(this));
      },
      set(value) {
        own(this, key, value);
      }
    });
  }
  return table;
}
function defineBound(proto, key, fn) {
  Object.defineProperty(proto, key, {
    configurable: true,
    get() {
      return this == null ? fn : own(this, key, fn.bind(this));
    },
    set(value) {
      own(this, key, value);
    }
  });
}
function claim(inst, sentinel) {
  const proto = Object.getPrototypeOf(inst);
  return sentinel in proto ? void 0 : proto;
}
var installing;
var broke = false;
var breaker = {
  configurable: true,
  get() {
    broke = true;
    return void 0;
  }
};
function defineLazyInternal(inst, key, compute) {
  const proto = Object.getPrototypeOf(inst._zod);
  if (key in proto && installing !== inst._zod) {
    installing = void 0;
    return;
  }
  installing = inst._zod;
  Object.defineProperty(proto, key, {
    configurable: true,
    get() {
      Object.defineProperty(this, key, breaker);
      const outer = broke;
      broke = false;
      try {
        const value = compute(this);
        if (broke)
          delete this[key];
        else
          Object.defineProperty(this, key, { configurable: true, writable: true, value });
        broke = broke || outer;
        return value;
      } catch (err) {
        delete this[key];
        broke = broke || outer;
        throw err;
      }
    },
    set(value) {
      Object.defineProperty(this, key, { configurable: true, writable: true, value });
    }
  });
}
function installLazyProp(inst, key, make, enumerable) {
  const proto = claim(inst, key);
  if (!proto)
    return;
  Object.defineProperty(proto, key, {
    configurable: true,
    get() {
      const desc = { configurable: true, writable: true, enumerable, value: void 0 };
      Object.defineProperty(this, key, desc);
      desc.value = make(this);
      Object.defineProperty(this, key, desc);
      return desc.value;
    },
    set(value) {
      Object.defineProperty(this, key, { configurable: true, writable: true, enumerable, value });
    }
  });
}
var CONSTANT_CATCH = "~constantCatch";
function constantCatch(value) {
  const fn = () => value;
  fn[CONSTANT_CATCH] = true;
  return fn;
}

// node_modules/zod/v4/core/core.js
var _a;
var _zodDesc = { value: void 0, enumerable: false };
var _E = "captureStackTrace" in Error ? Error : null;
function newError(Definition) {
  const E = _E;
  if (E) {
    const saved = E.stackTraceLimit;
    if (typeof saved === "number") {
      try {
        E.stackTraceLimit = 0;
      } catch {
        _E = null;
        return new Definition();
      }
      try {
        return new Definition();
      } finally {
        E.stackTraceLimit = saved;
      }
    }
  }
  return new Definition();
}
// @__NO_SIDE_EFFECTS__
function $constructor(name, initializer3, proto, params) {
  const zodProto = {};
  function Internals(def) {
    this.def = def;
    this.constr = _;
    this.traits = /* @__PURE__ */ new Set();
  }
  Internals.prototype = zodProto;
  const protoMembers = proto;
  const initialized = protoMembers && /* @__PURE__ */ new WeakSet();
  function init(inst, def) {
    if (!inst._zod) {
      _zodDesc.value = new Internals(def);
      try {
        Object.defineProperty(inst, "_zod", _zodDesc);
      } finally {
        _zodDesc.value = void 0;
      }
    } else if (inst._zod.traits.has(name)) {
      return;
    }
    inst._zod.traits.add(name);
    initializer3(inst, def);
    if (initialized) {
      const own2 = Object.getPrototypeOf(inst);
      const ctorProto = inst._zod.constr.prototype;
      let up = own2;
      while (up && up !== ctorProto)
        up = Object.getPrototypeOf(up);
      const target = up ?? own2;
      if (!initialized.has(target)) {
        initialized.add(target);
        members(target, protoMembers);
      }
    }
    const proto2 = _.prototype;
    for (const k in proto2) {
      if (!Object.prototype.hasOwnProperty.call(proto2, k))
        continue;
      if (!(k in inst)) {
        inst[k] = proto2[k].bind(inst);
      }
    }
  }
  const Parent = params?.Parent ?? Object;
  class Definition extends Parent {
  }
  Object.defineProperty(Definition, "name", { value: name });
  function _(def) {
    const inst = params?.Parent ? newError(Definition) : this;
    init(inst, def);
    const deferred = inst._zod.deferred;
    if (deferred) {
      for (const fn of deferred) {
        fn();
      }
      inst._zod.deferred = void 0;
    }
    const pp = globalThis.__zod_globalConfig?.postProcessor;
    if (pp)
      pp(inst);
    return inst;
  }
  Object.defineProperty(_, "init", { value: init });
  Object.defineProperty(_, Symbol.hasInstance, {
    value: (inst) => {
      if (params?.Parent && inst instanceof params.Parent)
        return true;
      return inst?._zod?.traits?.has(name);
    }
  });
  Object.defineProperty(_, "name", { value: name });
  return _;
}
var $ZodAsyncError = class extends Error {
  constructor() {
    super(`Encountered Promise during synchronous parse. Use .parseAsync() instead.`);
  }
};
var $ZodEncodeError = class extends Error {
  constructor(name) {
    super(`Encountered unidirectional transform during encode: ${name}`);
    this.name = "ZodEncodeError";
  }
};
(_a = globalThis).__zod_globalConfig ?? (_a.__zod_globalConfig = {});
var globalConfig = globalThis.__zod_globalConfig;
function config(newConfig) {
  if (newConfig)
    Object.assign(globalConfig, newConfig);
  return globalConfig;
}

// node_modules/zod/v4/core/errors.js
function _getMessage() {
  const internals = this._zod;
  internals.message ?? (internals.message = JSON.stringify(internals.def, jsonStringifyReplacer, 2));
  return internals.message;
}
function _setMessage(value) {
  this._zod.message = value;
}
var _messageDesc = {
  get: _getMessage,
  set: _setMessage,
  enumerable: true,
  configurable: true
};
var _issuesDesc = { value: void 0, enumerable: false };
var _installedToString = /* @__PURE__ */ new WeakSet([Object.prototype, Error.prototype]);
var initializer = (inst, def) => {
  inst.name = "$ZodError";
  _issuesDesc.value = def;
  Object.defineProperty(inst, "issues", _issuesDesc);
  _issuesDesc.value = void 0;
  Object.defineProperty(inst, "message", _messageDesc);
  const proto = Object.getPrototypeOf(inst);
  if (!_installedToString.has(proto)) {
    _installedToString.add(proto);
    Object.defineProperty(proto, "toString", {
      configurable: true,
      enumerable: false,
      get() {
        const value = () => this.message;
        Object.defineProperty(this, "toString", { value, configurable: true, writable: true });
        return value;
      },
      set(value) {
        Object.defineProperty(this, "toString", { value, configurable: true, writable: true });
      }
    });
  }
};
var $ZodError = $constructor("$ZodError", initializer);
var $ZodRealError = $constructor("$ZodError", initializer, void 0, {
  Parent: Error
});
function node(obj, key, make) {
  if (!Object.prototype.hasOwnProperty.call(obj, key)) {
    if (key === "__proto__") {
      Object.defineProperty(obj, key, { value: make(), writable: true, enumerable: true, configurable: true });
    } else {
      obj[key] = make();
    }
  }
  return obj[key];
}
function flattenError(error2, mapper = (issue2) => issue2.message) {
  const fieldErrors = {};
  const formErrors = [];
  for (const sub of error2.issues) {
    if (sub.path.length > 0) {
      node(fieldErrors, sub.path[0], () => []).push(mapper(sub));
    } else {
      formErrors.push(mapper(sub));
    }
  }
  return { formErrors, fieldErrors };
}
function formatError(error2, mapper = (issue2) => issue2.message) {
  const fieldErrors = { _errors: [] };
  const processError = (error3, path = []) => {
    for (const issue2 of error3.issues) {
      if (issue2.code === "invalid_union" && issue2.errors.length) {
        issue2.errors.map((issues) => processError({ issues }, [...path, ...issue2.path]));
      } else if (issue2.code === "invalid_key") {
        processError({ issues: issue2.issues }, [...path, ...issue2.path]);
      } else if (issue2.code === "invalid_element") {
        processError({ issues: issue2.issues }, [...path, ...issue2.path]);
      } else {
        const fullpath = [...path, ...issue2.path];
        if (fullpath.length === 0) {
          fieldErrors._errors.push(mapper(issue2));
        } else {
          let curr = fieldErrors;
          let i = 0;
          while (i < fullpath.length) {
            const el = fullpath[i];
            const terminal = i === fullpath.length - 1;
            if (el === "_errors") {
              if (terminal)
                curr._errors.push(mapper(issue2));
              i++;
              continue;
            }
            if (!Object.prototype.hasOwnProperty.call(curr, el)) {
              Object.defineProperty(curr, el, {
                value: { _errors: [] },
                enumerable: true,
                writable: true,
                configurable: true
              });
            }
            const node2 = curr[el];
            if (terminal) {
              node2._errors.push(mapper(issue2));
            }
            curr = node2;
            i++;
          }
        }
      }
    }
  };
  processError(error2);
  return fieldErrors;
}

// node_modules/zod/v4/core/parse.js
function finalizeParams(callee, params) {
  return { callee: params?.callee ?? callee, Err: params?.Err };
}
var _parse = (_Err) => {
  const fn = (schema, value, _ctx, _params) => {
    const ctx = _ctx ? { ..._ctx, async: false } : { async: false };
    const result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise) {
      throw new $ZodAsyncError();
    }
    if (result.issues.length) {
      const e = new (_params?.Err ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
      captureStackTrace(e, _params?.callee ?? fn);
      throw e;
    }
    return result.value;
  };
  return fn;
};
var _parseAsync = (_Err) => {
  const fn = async (schema, value, _ctx, params) => {
    const ctx = _ctx ? { ..._ctx, async: true } : { async: true };
    let result = schema._zod.run({ value, issues: [] }, ctx);
    if (result instanceof Promise)
      result = await result;
    if (result.issues.length) {
      const e = new (params?.Err ?? _Err)(result.issues.map((iss) => finalizeIssue(iss, ctx, config())));
      captureStackTrace(e, params?.callee ?? fn);
      throw e;
    }
    return result.value;
  };
  return fn;
};
var _safeParse = (_Err) => (schema, value, _ctx) => {
  const ctx = _ctx ? { ..._ctx, async: false } : { async: false };
  const result = schema._zod.run({ value, issues: [] }, ctx);
  if (result instanceof Promise) {
    throw new $ZodAsyncError();
  }
  return result.issues.length ? failure(_Err, result.issues, ctx) : { success: true, data: result.value };
};
function failure(Err, issues, ctx) {
  let error2;
  return {
    success: false,
    get error() {
      if (!error2) {
        error2 = new Err(issues.map((iss) => finalizeIssue(iss, ctx, config())));
        issues = void 0;
        ctx = void 0;
      }
      return error2;
    },
    set error(e) {
      error2 = e;
      issues = void 0;
      ctx = void 0;
    }
  };
}
var _safeParseAsync = (_Err) => async (schema, value, _ctx) => {
  const ctx = _ctx ? { ..._ctx, async: true } : { async: true };
  let result = schema._zod.run({ value, issues: [] }, ctx);
  if (result instanceof Promise)
    result = await result;
  return result.issues.length ? failure(_Err, result.issues, ctx) : { success: true, data: result.value };
};
var COMPILE_INVALID = /* @__PURE__ */ Symbol.for("zod.compile.invalid");
var COMPILE_FALLBACK = /* @__PURE__ */ Symbol.for("zod.compile.fallback");
var validate = ((schema, value, _ctx) => {
  const validator = schema._zod.bag.validator;
  if (validator !== void 0) {
    if (validator(value) !== COMPILE_INVALID)
      return true;
    if (validator.definite === true && _ctx === void 0)
      return false;
  }
  return validateFallback(schema, value, _ctx);
});
function validateFallback(schema, value, _ctx) {
  const ctx = _ctx ? { ..._ctx, async: false, abortEarly: true } : { async: false, abortEarly: true };
  const fallbackRun = schema._zod.bag.fallbackRun;
  let result;
  if (fallbackRun) {
    ctx[COMPILE_FALLBACK] = true;
    result = fallbackRun({ value, issues: [] }, ctx);
  } else {
    result = schema._zod.run({ value, issues: [] }, ctx);
  }
  if (result instanceof Promise) {
    throw new $ZodAsyncError();
  }
  return result.issues.length === 0;
}
var validateAsync = async (schema, value, _ctx) => {
  const ctx = _ctx ? { ..._ctx, async: true, abortEarly: true } : { async: true, abortEarly: true };
  let result = schema._zod.run({ value, issues: [] }, ctx);
  if (result instanceof Promise)
    result = await result;
  return result.issues.length === 0;
};
var _encode = (_Err) => {
  const parse2 = _parse(_Err);
  const fn = (schema, value, _ctx, _params) => {
    const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
    return parse2(schema, value, ctx, finalizeParams(fn, _params));
  };
  return fn;
};
var _decode = (_Err) => {
  const parse2 = _parse(_Err);
  const fn = (schema, value, _ctx, _params) => {
    return parse2(schema, value, _ctx, finalizeParams(fn, _params));
  };
  return fn;
};
var _encodeAsync = (_Err) => {
  const parseAsync2 = _parseAsync(_Err);
  const fn = async (schema, value, _ctx, _params) => {
    const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
    return await parseAsync2(schema, value, ctx, finalizeParams(fn, _params));
  };
  return fn;
};
var _decodeAsync = (_Err) => {
  const parseAsync2 = _parseAsync(_Err);
  const fn = async (schema, value, _ctx, _params) => {
    return await parseAsync2(schema, value, _ctx, finalizeParams(fn, _params));
  };
  return fn;
};
var _safeEncode = (_Err) => (schema, value, _ctx) => {
  const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
  return _safeParse(_Err)(schema, value, ctx);
};
var _safeDecode = (_Err) => (schema, value, _ctx) => {
  return _safeParse(_Err)(schema, value, _ctx);
};
var _safeEncodeAsync = (_Err) => async (schema, value, _ctx) => {
  const ctx = _ctx ? { ..._ctx, direction: "backward" } : { direction: "backward" };
  return _safeParseAsync(_Err)(schema, value, ctx);
};
var _safeDecodeAsync = (_Err) => async (schema, value, _ctx) => {
  return _safeParseAsync(_Err)(schema, value, _ctx);
};

// node_modules/zod/v4/core/regexes.js
var cuid = /^[cC][0-9a-z]{6,}$/;
var cuid2 = /^[0-9a-z]+$/;
var ulid = /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/;
var xid = /^[0-9a-vA-V]{20}$/;
var ksuid = /^[A-Za-z0-9]{27}$/;
var nanoid = /^[a-zA-Z0-9_-]{21}$/;
function nanoidOfLength(length) {
  return new RegExp(`^[a-zA-Z0-9_-]{${length}}$`);
}
var duration = /^P(?:(\d+W)|(?!.*W)(?=\d|T\d)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d+)?S)?)?)$/;
var guid = /^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$/;
var uuid = (version2) => {
  if (!version2)
    return /^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}|00000000-0000-0000-0000-000000000000|ffffffff-ffff-ffff-ffff-ffffffffffff)$/;
  return new RegExp(`^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-${version2}[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12})$`);
};
var email = /^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$/;
var _emoji = `^(?=[\\s\\S]*[\\p{Extended_Pictographic}\\p{Regional_Indicator}\\u20E3])[\\p{Extended_Pictographic}\\p{Emoji_Component}]+$`;
function emoji() {
  return new RegExp(_emoji, "u");
}
var ipv4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])$/;
var ipv6 = /^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))$/;
var cidrv4 = /^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\/([0-9]|[1-2][0-9]|3[0-2])$/;
var cidrv6 = /^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,7}:|([0-9a-fA-F]{1,4}:){1,6}:[0-9a-fA-F]{1,4}|([0-9a-fA-F]{1,4}:){1,5}(:[0-9a-fA-F]{1,4}){1,2}|([0-9a-fA-F]{1,4}:){1,4}(:[0-9a-fA-F]{1,4}){1,3}|([0-9a-fA-F]{1,4}:){1,3}(:[0-9a-fA-F]{1,4}){1,4}|([0-9a-fA-F]{1,4}:){1,2}(:[0-9a-fA-F]{1,4}){1,5}|[0-9a-fA-F]{1,4}:((:[0-9a-fA-F]{1,4}){1,6})|:((:[0-9a-fA-F]{1,4}){1,7}|:))\/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$/;
var base64 = /^$|^(?:[0-9a-zA-Z+/]{4})*(?:(?:[0-9a-zA-Z+/]{2}==)|(?:[0-9a-zA-Z+/]{3}=))?$/;
var base64url = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/;
var httpProtocol = /^https?$/;
var e164 = /^\+[1-9]\d{6,14}$/;
var dateSource = `(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|(?:02)-(?:0[1-9]|1\\d|2[0-8])))`;
function anchor(source) {
  return new RegExp(`^${source}$`);
}
var date = /* @__PURE__ */ anchor(dateSource);
function timeSource(args) {
  const hhmm = `(?:[01]\\d|2[0-3]):[0-5]\\d`;
  const regex = typeof args.precision === "number" ? args.precision === -1 ? `${hhmm}` : args.precision === 0 ? `${hhmm}:[0-5]\\d` : `${hhmm}:[0-5]\\d\\.\\d{${args.precision}}` : args.seconds ? `${hhmm}:[0-5]\\d(?:\\.\\d+)?` : `${hhmm}(?::[0-5]\\d(?:\\.\\d+)?)?`;
  return regex;
}
function time(args) {
  return new RegExp(`^${timeSource(args)}$`);
}
function datetime(args) {
  const opts = ["Z"];
  if (args.offset)
    opts.push(`([+-](?:[01]\\d|2[0-3]):[0-5]\\d)`);
  const qualified = `${timeSource({ precision: args.precision, seconds: true })}(?:${opts.join("|")})`;
  const timeRegex = args.local ? `${qualified}|${timeSource({ precision: args.precision })}` : qualified;
  return new RegExp(`^${dateSource}T(?:${timeRegex})$`);
}
var anyString = /^[\s\S]{0,}$/;
var number = /^-?\d+(?:\.\d+)?$/;
var lowercase = /^[^A-Z]*$/;
var uppercase = /^[^a-z]*$/;

// node_modules/zod/v4/core/checks.js
var $ZodCheck = /* @__PURE__ */ $constructor("$ZodCheck", (inst, def) => {
  var _a3;
  inst._zod ?? (inst._zod = {});
  inst._zod.def = def;
  (_a3 = inst._zod).onattach ?? (_a3.onattach = []);
});
var _whenHasLength = (payload) => {
  const val = payload.value;
  return !nullish(val) && val.length !== void 0;
};
var numericOriginMap = {
  number: "number",
  bigint: "bigint",
  object: "date"
};
var $ZodCheckLessThan = /* @__PURE__ */ $constructor("$ZodCheckLessThan", (inst, def) => {
  $ZodCheck.init(inst, def);
  const origin = numericOriginMap[typeof def.value];
  inst._zod.check = (payload) => {
    if (def.inclusive ? payload.value <= def.value : payload.value < def.value) {
      return;
    }
    payload.issues.push({
      origin: numericOriginMap[typeof payload.value] ?? origin,
      code: "too_big",
      maximum: typeof def.value === "object" ? def.value.getTime() : def.value,
      input: payload.value,
      inclusive: def.inclusive,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckGreaterThan = /* @__PURE__ */ $constructor("$ZodCheckGreaterThan", (inst, def) => {
  $ZodCheck.init(inst, def);
  const origin = numericOriginMap[typeof def.value];
  inst._zod.check = (payload) => {
    if (def.inclusive ? payload.value >= def.value : payload.value > def.value) {
      return;
    }
    payload.issues.push({
      origin: numericOriginMap[typeof payload.value] ?? origin,
      code: "too_small",
      minimum: typeof def.value === "object" ? def.value.getTime() : def.value,
      input: payload.value,
      inclusive: def.inclusive,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckMultipleOf = /* @__PURE__ */ $constructor("$ZodCheckMultipleOf", (inst, def) => {
  $ZodCheck.init(inst, def);
  inst._zod.check = (payload) => {
    if (typeof payload.value !== typeof def.value)
      throw new Error("Cannot mix number and bigint in multiple_of check.");
    const isMultiple = typeof payload.value === "bigint" ? (
      // `value % 0n` throws, and nothing is a multiple of zero — the number branch already fails this way via NaN
      def.value !== BigInt(0) && payload.value % def.value === BigInt(0)
    ) : floatSafeRemainder(payload.value, def.value) === 0;
    if (isMultiple)
      return;
    payload.issues.push({
      origin: typeof payload.value,
      code: "not_multiple_of",
      divisor: def.value,
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckNumberFormat = /* @__PURE__ */ $constructor("$ZodCheckNumberFormat", (inst, def) => {
  $ZodCheck.init(inst, def);
  def.format = def.format || "float64";
  const isInt = def.format?.includes("int");
  const origin = isInt ? "int" : "number";
  const [minimum, maximum] = NUMBER_FORMAT_RANGES[def.format];
  inst._zod.check = (payload) => {
    const input = payload.value;
    if (isInt) {
      if (!Number.isInteger(input)) {
        payload.issues.push({
          expected: origin,
          format: def.format,
          code: "invalid_type",
          continue: false,
          input,
          inst
        });
        return;
      }
      if (!Number.isSafeInteger(input)) {
        if (input > 0) {
          payload.issues.push({
            input,
            code: "too_big",
            maximum: Number.MAX_SAFE_INTEGER,
            note: "Integers must be within the safe integer range.",
            inst,
            origin,
            inclusive: true,
            continue: !def.abort
          });
        } else {
          payload.issues.push({
            input,
            code: "too_small",
            minimum: Number.MIN_SAFE_INTEGER,
            note: "Integers must be within the safe integer range.",
            inst,
            origin,
            inclusive: true,
            continue: !def.abort
          });
        }
        return;
      }
    }
    if (input < minimum) {
      payload.issues.push({
        origin: "number",
        input,
        code: "too_small",
        minimum,
        inclusive: true,
        inst,
        continue: !def.abort
      });
    }
    if (input > maximum) {
      payload.issues.push({
        origin: "number",
        input,
        code: "too_big",
        maximum,
        inclusive: true,
        inst,
        continue: !def.abort
      });
    }
  };
});
var $ZodCheckMaxLength = /* @__PURE__ */ $constructor("$ZodCheckMaxLength", (inst, def) => {
  var _a3;
  $ZodCheck.init(inst, def);
  (_a3 = inst._zod.def).when ?? (_a3.when = _whenHasLength);
  inst._zod.check = (payload) => {
    const input = payload.value;
    const units = input.length;
    const length = typeof input === "string" && units > def.maximum ? codePointLength(input) : units;
    if (length <= def.maximum)
      return;
    const origin = getLengthableOrigin(input);
    payload.issues.push({
      origin,
      code: "too_big",
      maximum: def.maximum,
      inclusive: true,
      input,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckMinLength = /* @__PURE__ */ $constructor("$ZodCheckMinLength", (inst, def) => {
  var _a3;
  $ZodCheck.init(inst, def);
  (_a3 = inst._zod.def).when ?? (_a3.when = _whenHasLength);
  inst._zod.check = (payload) => {
    const input = payload.value;
    const units = input.length;
    const length = typeof input === "string" && units >= def.minimum && units < def.minimum * 2 ? codePointLength(input) : units;
    if (length >= def.minimum)
      return;
    const origin = getLengthableOrigin(input);
    payload.issues.push({
      origin,
      code: "too_small",
      minimum: def.minimum,
      inclusive: true,
      input,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckLengthEquals = /* @__PURE__ */ $constructor("$ZodCheckLengthEquals", (inst, def) => {
  var _a3;
  $ZodCheck.init(inst, def);
  (_a3 = inst._zod.def).when ?? (_a3.when = _whenHasLength);
  inst._zod.check = (payload) => {
    const input = payload.value;
    const units = input.length;
    const length = typeof input === "string" && units >= def.length && units <= def.length * 2 ? codePointLength(input) : units;
    if (length === def.length)
      return;
    const origin = getLengthableOrigin(input);
    const tooBig = length > def.length;
    payload.issues.push({
      origin,
      ...tooBig ? { code: "too_big", maximum: def.length } : { code: "too_small", minimum: def.length },
      inclusive: true,
      exact: true,
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckStringFormat = /* @__PURE__ */ $constructor("$ZodCheckStringFormat", (inst, def) => {
  var _a3, _b;
  $ZodCheck.init(inst, def);
  if (def.pattern)
    (_a3 = inst._zod).check ?? (_a3.check = (payload) => {
      def.pattern.lastIndex = 0;
      if (def.pattern.test(payload.value))
        return;
      payload.issues.push({
        origin: "string",
        code: "invalid_format",
        format: def.format,
        input: payload.value,
        ...def.pattern ? { pattern: def.pattern.toString() } : {},
        inst,
        continue: !def.abort
      });
    });
  else
    (_b = inst._zod).check ?? (_b.check = () => {
    });
});
var $ZodCheckRegex = /* @__PURE__ */ $constructor("$ZodCheckRegex", (inst, def) => {
  $ZodCheckStringFormat.init(inst, def);
  inst._zod.check = (payload) => {
    def.pattern.lastIndex = 0;
    if (def.pattern.test(payload.value))
      return;
    payload.issues.push({
      origin: "string",
      code: "invalid_format",
      format: "regex",
      input: payload.value,
      pattern: def.pattern.toString(),
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckLowerCase = /* @__PURE__ */ $constructor("$ZodCheckLowerCase", (inst, def) => {
  def.pattern ?? (def.pattern = lowercase);
  $ZodCheckStringFormat.init(inst, def);
});
var $ZodCheckUpperCase = /* @__PURE__ */ $constructor("$ZodCheckUpperCase", (inst, def) => {
  def.pattern ?? (def.pattern = uppercase);
  $ZodCheckStringFormat.init(inst, def);
});
var $ZodCheckIncludes = /* @__PURE__ */ $constructor("$ZodCheckIncludes", (inst, def) => {
  $ZodCheck.init(inst, def);
  const escapedRegex = escapeRegex(def.includes);
  const pattern = new RegExp(typeof def.position === "number" ? `^.{${def.position},}${escapedRegex}` : escapedRegex);
  def.pattern = pattern;
  inst._zod.check = (payload) => {
    if (payload.value.includes(def.includes, def.position))
      return;
    payload.issues.push({
      origin: "string",
      code: "invalid_format",
      format: "includes",
      includes: def.includes,
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckStartsWith = /* @__PURE__ */ $constructor("$ZodCheckStartsWith", (inst, def) => {
  $ZodCheck.init(inst, def);
  const pattern = new RegExp(`^${escapeRegex(def.prefix)}.*`);
  def.pattern ?? (def.pattern = pattern);
  inst._zod.check = (payload) => {
    if (payload.value.startsWith(def.prefix))
      return;
    payload.issues.push({
      origin: "string",
      code: "invalid_format",
      format: "starts_with",
      prefix: def.prefix,
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckEndsWith = /* @__PURE__ */ $constructor("$ZodCheckEndsWith", (inst, def) => {
  $ZodCheck.init(inst, def);
  const pattern = new RegExp(`.*${escapeRegex(def.suffix)}$`);
  def.pattern ?? (def.pattern = pattern);
  inst._zod.check = (payload) => {
    if (payload.value.endsWith(def.suffix))
      return;
    payload.issues.push({
      origin: "string",
      code: "invalid_format",
      format: "ends_with",
      suffix: def.suffix,
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodCheckOverwrite = /* @__PURE__ */ $constructor("$ZodCheckOverwrite", (inst, def) => {
  $ZodCheck.init(inst, def);
  inst._zod.check = (payload) => {
    payload.value = def.tx(payload.value);
  };
});

// node_modules/zod/v4/core/doc.js
var Doc = class {
  constructor(args = [], closed = {}) {
    this.content = [];
    this.indent = 0;
    this.args = args;
    this.closed = closed;
  }
  // the compiler catches a child's throw and keeps writing into this doc, so the indent has to unwind with it
  indented(fn) {
    this.indent += 1;
    try {
      fn(this);
    } finally {
      this.indent -= 1;
    }
  }
  write(arg) {
    if (typeof arg === "function") {
      arg(this, { execution: "sync" });
      arg(this, { execution: "async" });
      return;
    }
    const content = arg;
    const lines = content.split("\n").filter((x) => x);
    const minIndent = Math.min(...lines.map((x) => x.length - x.trimStart().length));
    const dedented = lines.map((x) => x.slice(minIndent)).map((x) => " ".repeat(this.indent * 2) + x);
    for (const line of dedented) {
      this.content.push(line);
    }
  }
  compile() {
    const F = Function;
    const content = this?.content ?? [``];
    const factory = new F(...Object.keys(this.closed), `return function (${this.args.join(", ")}) {
${content.join("\n")}
};`);
    return factory(...Object.values(this.closed));
  }
};

// node_modules/zod/v4/core/versions.js
var version = {
  major: 4,
  minor: 6,
  patch: 7
};

// node_modules/zod/v4/core/schemas.js
var $ZodType = /* @__PURE__ */ $constructor("$ZodType", (inst, def) => {
  var _a3;
  inst ?? (inst = {});
  inst._zod.def = def;
  inst._zod.bag = inst._zod.bag || {};
  inst._zod.version = version;
  const defChecks = inst._zod.def.checks;
  const checks = inst._zod.traits.has("$ZodCheck") ? [inst, ...defChecks ?? []] : defChecks?.length ? [...defChecks] : [];
  for (const ch of checks) {
    for (const fn of ch._zod.onattach) {
      fn(inst);
    }
  }
  if (checks.length === 0) {
    (_a3 = inst._zod).deferred ?? (_a3.deferred = []);
    inst._zod.deferred?.push(() => {
      inst._zod.run = inst._zod.parse;
    });
  } else {
    const runChecks = (payload, checks2, ctx) => {
      if (payload.memo)
        return payload;
      let isAborted = aborted(payload);
      let asyncResult;
      for (const ch of checks2) {
        if (ch._zod.def.when) {
          if (explicitlyAborted(payload))
            continue;
          const shouldRun = ch._zod.def.when(payload);
          if (!shouldRun)
            continue;
        } else if (isAborted) {
          continue;
        }
        const currLen = payload.issues.length;
        const _ = ch._zod.check(payload);
        if (_ instanceof Promise && ctx?.async === false) {
          throw new $ZodAsyncError();
        }
        if (asyncResult || _ instanceof Promise) {
          asyncResult = (asyncResult ?? Promise.resolve()).then(async () => {
            await _;
            const nextLen = payload.issues.length;
            if (nextLen === currLen)
              return;
            attachSchema(payload.issues, currLen, inst);
            if (!isAborted)
              isAborted = aborted(payload, currLen);
          });
        } else {
          const nextLen = payload.issues.length;
          if (nextLen === currLen)
            continue;
          attachSchema(payload.issues, currLen, inst);
          if (!isAborted)
            isAborted = aborted(payload, currLen);
        }
      }
      if (asyncResult) {
        return asyncResult.then(() => {
          return payload;
        });
      }
      return payload;
    };
    const handleCanaryResult = (canary, payload, ctx) => {
      if (aborted(canary)) {
        canary.aborted = true;
        return canary;
      }
      const checkResult = runChecks(payload, checks, ctx);
      if (checkResult instanceof Promise) {
        if (ctx.async === false)
          throw new $ZodAsyncError();
        return checkResult.then((checkResult2) => inst._zod.parse(checkResult2, ctx));
      }
      return inst._zod.parse(checkResult, ctx);
    };
    inst._zod.run = (payload, ctx) => {
      if (ctx.skipChecks) {
        return inst._zod.parse(payload, ctx);
      }
      if (ctx.direction === "backward") {
        const canary = inst._zod.parse({ value: payload.value, issues: [] }, { ...ctx, skipChecks: true });
        if (canary instanceof Promise) {
          return canary.then((canary2) => {
            return handleCanaryResult(canary2, payload, ctx);
          });
        }
        return handleCanaryResult(canary, payload, ctx);
      }
      const result = inst._zod.parse(payload, ctx);
      if (result instanceof Promise) {
        if (ctx.async === false)
          throw new $ZodAsyncError();
        return result.then((result2) => runChecks(result2, checks, ctx));
      }
      return runChecks(result, checks, ctx);
    };
  }
}, {
  // Wrappers extend this by installing a richer factory over it; reading it eagerly would defeat the laziness.
  get "~standard"() {
    return hide(this, "~standard", standardProps(this));
  },
  set "~standard"(value) {
    own(this, "~standard", value);
  }
});
var toStandardResult = (r, ctx) => r.issues.length ? { issues: r.issues.map((iss) => finalizeIssue(iss, ctx, config())) } : { value: r.value };
async function validateAsync2(inst, value) {
  const ctx = { async: true };
  return toStandardResult(await inst._zod.run({ value, issues: [] }, ctx), ctx);
}
function standardProps(inst) {
  return {
    validate: (value) => {
      const ctx = { async: false };
      try {
        const r = inst._zod.run({ value, issues: [] }, ctx);
        if (!(r instanceof Promise))
          return toStandardResult(r, ctx);
      } catch (_) {
      }
      return validateAsync2(inst, value);
    },
    vendor: "zod",
    version: 1
  };
}
var $ZodString = /* @__PURE__ */ $constructor("$ZodString", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.pattern = def.pattern ?? anyString;
  inst._zod.parse = (payload, _) => {
    if (def.coerce)
      try {
        payload.value = String(payload.value);
      } catch (_2) {
      }
    if (typeof payload.value === "string")
      return payload;
    payload.issues.push({
      expected: "string",
      code: "invalid_type",
      input: payload.value,
      inst
    });
    return payload;
  };
});
var $ZodStringFormat = /* @__PURE__ */ $constructor("$ZodStringFormat", (inst, def) => {
  $ZodCheckStringFormat.init(inst, def);
  $ZodString.init(inst, def);
});
var $ZodGUID = /* @__PURE__ */ $constructor("$ZodGUID", (inst, def) => {
  def.pattern ?? (def.pattern = guid);
  $ZodStringFormat.init(inst, def);
});
var $ZodUUID = /* @__PURE__ */ $constructor("$ZodUUID", (inst, def) => {
  if (def.version) {
    const versionMap = {
      v1: 1,
      v2: 2,
      v3: 3,
      v4: 4,
      v5: 5,
      v6: 6,
      v7: 7,
      v8: 8
    };
    const v = versionMap[def.version];
    if (v === void 0)
      throw new Error(`Invalid UUID version: "${def.version}"`);
    def.pattern ?? (def.pattern = uuid(v));
  } else
    def.pattern ?? (def.pattern = uuid());
  $ZodStringFormat.init(inst, def);
});
var $ZodEmail = /* @__PURE__ */ $constructor("$ZodEmail", (inst, def) => {
  def.pattern ?? (def.pattern = email);
  $ZodStringFormat.init(inst, def);
});
var URL_BAD_FORMAT = 1;
var URL_UNPARSEABLE = 2;
function canParseURL(input) {
  try {
    if (typeof URL !== "undefined" && typeof URL.canParse === "function")
      return URL.canParse(input);
    new URL(input);
    return true;
  } catch {
    return false;
  }
}
function validateURL(trimmed, def) {
  if (!("normalize" in def) && !("hostname" in def) && !("protocol" in def)) {
    return canParseURL(trimmed) || URL_UNPARSEABLE;
  }
  return parseURLObject(trimmed, def);
}
function parseURLObject(trimmed, def) {
  if (!def.normalize && def.protocol?.source === httpProtocol.source && !/^https?:\/\//i.test(trimmed)) {
    return URL_BAD_FORMAT;
  }
  try {
    if (typeof URL !== "undefined") {
      const URLStatic = URL;
      if (typeof URLStatic.parse === "function")
        return URLStatic.parse(trimmed) ?? URL_UNPARSEABLE;
    }
    return new URL(trimmed);
  } catch {
    return URL_UNPARSEABLE;
  }
}
var asciiTabOrNewline = /[\t\n\r]/g;
function stripTabAndNewline(value) {
  return value.replace(asciiTabOrNewline, "");
}
function urlHostnameOk(url, hostname) {
  hostname.lastIndex = 0;
  return hostname.test(url.hostname);
}
function urlProtocolOk(url, protocol) {
  protocol.lastIndex = 0;
  return protocol.test(url.protocol.endsWith(":") ? url.protocol.slice(0, -1) : url.protocol);
}
var $ZodURL = /* @__PURE__ */ $constructor("$ZodURL", (inst, def) => {
  $ZodStringFormat.init(inst, def);
  inst._zod.check = (payload) => {
    try {
      const trimmed = payload.value.trim();
      const url = validateURL(trimmed, def);
      if (url === URL_BAD_FORMAT) {
        payload.issues.push({
          code: "invalid_format",
          format: "url",
          note: "Invalid URL format",
          input: payload.value,
          inst,
          continue: !def.abort
        });
        return;
      }
      if (url === URL_UNPARSEABLE) {
        payload.issues.push({
          code: "invalid_format",
          format: "url",
          input: payload.value,
          inst,
          continue: !def.abort
        });
        return;
      }
      if (url === true) {
        payload.value = stripTabAndNewline(trimmed);
        return;
      }
      if (def.hostname && !urlHostnameOk(url, def.hostname)) {
        payload.issues.push({
          code: "invalid_format",
          format: "url",
          note: "Invalid hostname",
          pattern: def.hostname.source,
          input: payload.value,
          inst,
          continue: !def.abort
        });
      }
      if (def.protocol && !urlProtocolOk(url, def.protocol)) {
        payload.issues.push({
          code: "invalid_format",
          format: "url",
          note: "Invalid protocol",
          pattern: def.protocol.source,
          input: payload.value,
          inst,
          continue: !def.abort
        });
      }
      payload.value = def.normalize ? url.href : stripTabAndNewline(trimmed);
      return;
    } catch (_) {
      payload.issues.push({
        code: "invalid_format",
        format: "url",
        input: payload.value,
        inst,
        continue: !def.abort
      });
    }
  };
});
var $ZodEmoji = /* @__PURE__ */ $constructor("$ZodEmoji", (inst, def) => {
  def.pattern ?? (def.pattern = emoji());
  $ZodStringFormat.init(inst, def);
});
var $ZodNanoID = /* @__PURE__ */ $constructor("$ZodNanoID", (inst, def) => {
  if (def.length !== void 0 && (!Number.isInteger(def.length) || def.length < 1))
    throw new Error(`Invalid nanoid length: ${def.length}`);
  def.pattern ?? (def.pattern = def.length === void 0 ? nanoid : nanoidOfLength(def.length));
  $ZodStringFormat.init(inst, def);
});
var $ZodCUID = /* @__PURE__ */ $constructor("$ZodCUID", (inst, def) => {
  def.pattern ?? (def.pattern = cuid);
  $ZodStringFormat.init(inst, def);
});
var $ZodCUID2 = /* @__PURE__ */ $constructor("$ZodCUID2", (inst, def) => {
  def.pattern ?? (def.pattern = cuid2);
  $ZodStringFormat.init(inst, def);
});
var $ZodULID = /* @__PURE__ */ $constructor("$ZodULID", (inst, def) => {
  def.pattern ?? (def.pattern = ulid);
  $ZodStringFormat.init(inst, def);
});
var $ZodXID = /* @__PURE__ */ $constructor("$ZodXID", (inst, def) => {
  def.pattern ?? (def.pattern = xid);
  $ZodStringFormat.init(inst, def);
});
var $ZodKSUID = /* @__PURE__ */ $constructor("$ZodKSUID", (inst, def) => {
  def.pattern ?? (def.pattern = ksuid);
  $ZodStringFormat.init(inst, def);
});
var $ZodISODateTime = /* @__PURE__ */ $constructor("$ZodISODateTime", (inst, def) => {
  def.pattern ?? (def.pattern = datetime(def));
  $ZodStringFormat.init(inst, def);
});
var $ZodISODate = /* @__PURE__ */ $constructor("$ZodISODate", (inst, def) => {
  def.pattern ?? (def.pattern = date);
  $ZodStringFormat.init(inst, def);
});
var $ZodISOTime = /* @__PURE__ */ $constructor("$ZodISOTime", (inst, def) => {
  def.pattern ?? (def.pattern = time(def));
  $ZodStringFormat.init(inst, def);
});
var $ZodISODuration = /* @__PURE__ */ $constructor("$ZodISODuration", (inst, def) => {
  def.pattern ?? (def.pattern = duration);
  $ZodStringFormat.init(inst, def);
});
var $ZodIPv4 = /* @__PURE__ */ $constructor("$ZodIPv4", (inst, def) => {
  def.pattern ?? (def.pattern = ipv4);
  $ZodStringFormat.init(inst, def);
});
var ipv6Alphabet = /^[0-9a-fA-F:.]+$/;
function isValidIPv6(value) {
  if (!ipv6Alphabet.test(value))
    return false;
  return canParseURL(`http://[${value}]`);
}
var $ZodIPv6 = /* @__PURE__ */ $constructor("$ZodIPv6", (inst, def) => {
  def.pattern ?? (def.pattern = ipv6);
  $ZodStringFormat.init(inst, def);
  inst._zod.check = (payload) => {
    if (!isValidIPv6(payload.value)) {
      payload.issues.push({
        code: "invalid_format",
        format: "ipv6",
        input: payload.value,
        inst,
        continue: !def.abort
      });
    }
  };
});
var $ZodCIDRv4 = /* @__PURE__ */ $constructor("$ZodCIDRv4", (inst, def) => {
  def.pattern ?? (def.pattern = cidrv4);
  $ZodStringFormat.init(inst, def);
});
function isValidCIDRv6(value) {
  const parts = value.split("/");
  if (parts.length !== 2)
    return false;
  const [address, prefix] = parts;
  if (!prefix)
    return false;
  const prefixNum = Number(prefix);
  if (`${prefixNum}` !== prefix)
    return false;
  if (prefixNum < 0 || prefixNum > 128)
    return false;
  return isValidIPv6(address);
}
var $ZodCIDRv6 = /* @__PURE__ */ $constructor("$ZodCIDRv6", (inst, def) => {
  def.pattern ?? (def.pattern = cidrv6);
  $ZodStringFormat.init(inst, def);
  inst._zod.check = (payload) => {
    if (!isValidCIDRv6(payload.value)) {
      payload.issues.push({
        code: "invalid_format",
        format: "cidrv6",
        input: payload.value,
        inst,
        continue: !def.abort
      });
    }
  };
});
function isValidBase64(data) {
  if (data === "")
    return true;
  if (/\s/.test(data))
    return false;
  if (data.length % 4 !== 0)
    return false;
  try {
    atob(data);
    return true;
  } catch {
    return false;
  }
}
var base64Charset = /^[0-9a-zA-Z+/]*={0,2}$/;
var $ZodBase64 = /* @__PURE__ */ $constructor("$ZodBase64", (inst, def) => {
  def.pattern ?? (def.pattern = base64Charset);
  $ZodStringFormat.init(inst, def);
  inst._zod.check = (payload) => {
    if (isValidBase64(payload.value))
      return;
    payload.issues.push({
      code: "invalid_format",
      format: "base64",
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var base64urlCharset = /^[A-Za-z0-9_-]*$/;
function isValidBase64URL(data) {
  if (!base64urlCharset.test(data))
    return false;
  const base642 = data.replace(/[-_]/g, (c) => c === "-" ? "+" : "/");
  const padded = base642.padEnd(Math.ceil(base642.length / 4) * 4, "=");
  return isValidBase64(padded);
}
var $ZodBase64URL = /* @__PURE__ */ $constructor("$ZodBase64URL", (inst, def) => {
  def.pattern ?? (def.pattern = base64urlCharset);
  $ZodStringFormat.init(inst, def);
  inst._zod.check = (payload) => {
    if (isValidBase64URL(payload.value))
      return;
    payload.issues.push({
      code: "invalid_format",
      format: "base64url",
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodE164 = /* @__PURE__ */ $constructor("$ZodE164", (inst, def) => {
  def.pattern ?? (def.pattern = e164);
  $ZodStringFormat.init(inst, def);
});
function isValidJWT(token, algorithm = null) {
  try {
    const tokensParts = token.split(".");
    if (tokensParts.length !== 3)
      return false;
    const [header] = tokensParts;
    if (!header)
      return false;
    const parsedHeader = JSON.parse(atob(header));
    if ("typ" in parsedHeader && parsedHeader?.typ !== "JWT")
      return false;
    if (!parsedHeader.alg)
      return false;
    if (algorithm && (!("alg" in parsedHeader) || parsedHeader.alg !== algorithm))
      return false;
    return true;
  } catch {
    return false;
  }
}
var $ZodJWT = /* @__PURE__ */ $constructor("$ZodJWT", (inst, def) => {
  $ZodStringFormat.init(inst, def);
  inst._zod.check = (payload) => {
    if (isValidJWT(payload.value, def.alg))
      return;
    payload.issues.push({
      code: "invalid_format",
      format: "jwt",
      input: payload.value,
      inst,
      continue: !def.abort
    });
  };
});
var $ZodNumber = /* @__PURE__ */ $constructor("$ZodNumber", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.pattern = number;
  inst._zod.parse = (payload, _ctx) => {
    if (def.coerce)
      try {
        payload.value = Number(payload.value);
      } catch (_) {
      }
    const input = payload.value;
    if (typeof input === "number" && !Number.isNaN(input) && Number.isFinite(input)) {
      return payload;
    }
    const received = typeof input === "number" ? Number.isNaN(input) ? "NaN" : !Number.isFinite(input) ? String(input) : void 0 : void 0;
    payload.issues.push({
      expected: "number",
      code: "invalid_type",
      input,
      inst,
      ...received ? { received } : {}
    });
    return payload;
  };
});
var $ZodNumberFormat = /* @__PURE__ */ $constructor("$ZodNumberFormat", (inst, def) => {
  $ZodCheckNumberFormat.init(inst, def);
  $ZodNumber.init(inst, def);
});
var $ZodUnknown = /* @__PURE__ */ $constructor("$ZodUnknown", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.parse = (payload) => payload;
});
var $ZodNever = /* @__PURE__ */ $constructor("$ZodNever", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.parse = (payload, _ctx) => {
    payload.issues.push({
      expected: "never",
      code: "invalid_type",
      input: payload.value,
      inst
    });
    return payload;
  };
});
function capSize(inst, size2) {
  const caps = sizeCaps(inst._zod.def.checks);
  if (!caps.length)
    return;
  const cap = Math.min(...caps.map((c) => c[0]));
  const parse2 = inst._zod.parse;
  inst._zod.parse = (payload, ctx) => {
    const n = size2(payload.value);
    if (n > cap && !ctx?.skipChecks && ctx?.direction !== "backward") {
      for (const [max, ch] of sizeCaps(inst._zod.def.checks)) {
        if (n > max && ch._zod.def.when(payload)) {
          const start2 = payload.issues.length;
          ch._zod.check(payload);
          payload.issues[start2].continue = false;
          attachSchema(payload.issues, start2, inst);
          return payload;
        }
      }
    }
    return parse2(payload, ctx);
  };
}
var arraySize = (input) => Array.isArray(input) ? input.length : -1;
function handleArrayResult(result, final, index) {
  if (result.issues.length) {
    final.issues.push(...prefixIssues(index, result.issues));
  }
  final.value[index] = result.value;
}
var $ZodArray = /* @__PURE__ */ $constructor("$ZodArray", (inst, def) => {
  $ZodType.init(inst, def);
  const memo2 = globalConfig.memoizer;
  memo2?.attach(inst);
  inst._zod.parse = (payload, ctx) => {
    const input = payload.value;
    if (!Array.isArray(input)) {
      payload.issues.push({
        expected: "array",
        code: "invalid_type",
        input,
        inst
      });
      return payload;
    }
    payload.value = memo2 ? memo2.alloc(inst, payload, Array(input.length), ctx) : Array(input.length);
    const proms = [];
    const abortEarly = ctx?.abortEarly;
    for (let i = 0; i < input.length; i++) {
      const item = input[i];
      const result = def.element._zod.run({
        value: item,
        issues: []
      }, ctx);
      if (result instanceof Promise) {
        proms.push(result.then((result2) => handleArrayResult(result2, payload, i)));
      } else {
        handleArrayResult(result, payload, i);
        if (abortEarly && result.issues.length !== 0 && aborted(result))
          break;
      }
    }
    if (proms.length) {
      return Promise.all(proms).then(() => payload);
    }
    return payload;
  };
  capSize(inst, arraySize);
});
function handlePropertyResult(result, final, key, input, optin, optout) {
  const isPresent = key in input;
  const isOptionalOut = optout === "optional";
  if (!isPresent && isOptionalOut && optin === "optional") {
    return;
  }
  if (result.issues.length) {
    if (optin !== void 0 && isOptionalOut && !isPresent) {
      return;
    }
    final.issues.push(...prefixIssues(key, result.issues));
  }
  if (!isPresent && optin === void 0) {
    if (!result.issues.length) {
      final.issues.push({
        code: "invalid_type",
        expected: "nonoptional",
        input: void 0,
        path: [key]
      });
    }
    return;
  }
  if (result.value === void 0) {
    if (isPresent || optin === "defaulted" && !isOptionalOut) {
      final.value[key] = void 0;
    }
  } else {
    final.value[key] = result.value;
  }
}
var NO_SYMBOL_KEYS = [];
function normalizeDef(def) {
  const keys = Object.keys(def.shape);
  const ownSymbols = Object.getOwnPropertySymbols(def.shape);
  const symbolKeys = ownSymbols.length ? ownSymbols : NO_SYMBOL_KEYS;
  const allKeys = symbolKeys.length ? [...keys, ...symbolKeys] : keys;
  for (const k of allKeys) {
    if (!def.shape?.[k]?._zod?.traits?.has("$ZodType")) {
      throw new Error(`Invalid element at key "${String(k)}": expected a Zod schema`);
    }
  }
  const okeys = optionalKeys(def.shape);
  return {
    ...def,
    allKeys,
    symbolKeys,
    // string-only: handleCatchall matches it against `for...in`, which never yields a symbol
    keySet: new Set(keys),
    numKeys: keys.length,
    optionalKeys: new Set(okeys)
  };
}
function handleCatchall(proms, input, payload, ctx, def, inst, abortEarly) {
  const unrecognized = [];
  const keySet = def.keySet;
  const _catchall = def.catchall._zod;
  const t = _catchall.def.type;
  const optin = _catchall.optin;
  const optout = _catchall.optout;
  let seen = 0;
  for (const key in input) {
    if (abortEarly && payload.issues.length !== seen) {
      if (aborted(payload, seen))
        break;
      seen = payload.issues.length;
    }
    if (keySet.has(key))
      continue;
    if (key === "__proto__") {
      if (t === "never")
        unrecognized.push(key);
      continue;
    }
    if (t === "never") {
      unrecognized.push(key);
      continue;
    }
    const r = _catchall.run({ value: input[key], issues: [] }, ctx);
    if (r instanceof Promise) {
      proms.push(r.then((r2) => handlePropertyResult(r2, payload, key, input, optin, optout)));
    } else {
      handlePropertyResult(r, payload, key, input, optin, optout);
    }
  }
  if (unrecognized.length) {
    payload.issues.push({
      code: "unrecognized_keys",
      keys: unrecognized,
      input,
      inst,
      // Describes the shape of the input, not the validity of the parsed value, so it never aborts. The parse still fails; the schema's own checks just get to run first, and an enclosing intersection can reconcile the key against a sibling operand.
      continue: true
    });
  }
  if (!proms.length)
    return payload;
  return Promise.all(proms).then(() => {
    return payload;
  });
}
var $ZodObject = /* @__PURE__ */ $constructor("$ZodObject", (inst, def) => {
  $ZodType.init(inst, def);
  const desc = Object.getOwnPropertyDescriptor(def, "shape");
  const sh = desc?.get ? desc.get.raw : def.shape ?? {};
  if (sh) {
    const get = () => {
      const newSh = { ...sh };
      Object.defineProperty(def, "shape", { value: newSh });
      get.raw = newSh;
      return newSh;
    };
    get.raw = sh;
    Object.defineProperty(def, "shape", { get });
  }
  const _normalized = cached(() => normalizeDef(def));
  defineLazyInternal(inst, "propValues", (zod) => {
    const shape = zod.def.shape;
    const propValues = {};
    for (const key in shape) {
      const field = shape[key]._zod;
      if (field.values) {
        if (!Object.prototype.hasOwnProperty.call(propValues, key)) {
          assignProp(propValues, key, /* @__PURE__ */ new Set());
        }
        for (const v of field.values)
          propValues[key].add(v);
        if (field.optin !== void 0)
          propValues[key].add(void 0);
      }
    }
    return propValues;
  });
  const isObject2 = isObject;
  const catchall = def.catchall;
  let value;
  const memo2 = globalConfig.memoizer;
  memo2?.attach(inst);
  inst._zod.parse = (payload, ctx) => {
    value ?? (value = _normalized.value);
    const input = payload.value;
    if (!isObject2(input)) {
      payload.issues.push({
        expected: "object",
        code: "invalid_type",
        input,
        inst
      });
      return payload;
    }
    payload.value = memo2 ? memo2.alloc(inst, payload, {}, ctx) : {};
    const proms = [];
    const shape = value.shape;
    const abortEarly = ctx?.abortEarly;
    let seen = payload.issues.length;
    for (const key of value.allKeys) {
      if (abortEarly && payload.issues.length !== seen) {
        if (aborted(payload, seen))
          break;
        seen = payload.issues.length;
      }
      if (key === "__proto__")
        continue;
      const el = shape[key];
      const optin = el._zod.optin;
      const optout = el._zod.optout;
      const r = el._zod.run({ value: input[key], issues: [] }, ctx);
      if (r instanceof Promise) {
        proms.push(r.then((r2) => handlePropertyResult(r2, payload, key, input, optin, optout)));
      } else {
        handlePropertyResult(r, payload, key, input, optin, optout);
      }
    }
    if (!catchall) {
      return proms.length ? Promise.all(proms).then(() => payload) : payload;
    }
    return handleCatchall(proms, input, payload, ctx, _normalized.value, inst, abortEarly === true);
  };
});
var $ZodObjectJIT = /* @__PURE__ */ $constructor("$ZodObjectJIT", (inst, def) => {
  $ZodObject.init(inst, def);
  const superParse = inst._zod.parse;
  const _normalized = cached(() => normalizeDef(def));
  const memo2 = globalConfig.memoizer;
  const generateFastpass = (shape) => {
    const normalized = _normalized.value;
    const syms = normalized.symbolKeys;
    const doc = new Doc(["payload", "ctx"], { shape, inst, memo: memo2, syms });
    const parseStr = (k) => `shape[${k}]._zod.run({ value: input[${k}], issues: [] }, ctx)`;
    const prefixStr = (id, k) => `
          let ${id}_ab = false;
          for (let i = 0; i < ${id}.issues.length; i++) {
            const iss = ${id}.issues[i];
            iss.path = iss.path ? [${k}, ...iss.path] : [${k}];
            payload.issues.push(iss);
            if (iss.continue !== true) ${id}_ab = true;
          }
          if (${id}_ab && ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }`;
    doc.write(`const input = payload.value;`);
    const ids = /* @__PURE__ */ Object.create(null);
    let counter = 0;
    for (const key of normalized.allKeys) {
      ids[key] = `key_${counter++}`;
    }
    doc.write(memo2 ? `const newResult = memo.alloc(inst, payload, {}, ctx);` : `const newResult = {};`);
    for (const key of normalized.allKeys) {
      if (key === "__proto__")
        continue;
      const id = ids[key];
      const k = typeof key === "symbol" ? `syms[${syms.indexOf(key)}]` : esc(key);
      const isPresent = `${k} in input`;
      const schema = shape[key];
      const optin = schema?._zod?.optin;
      const isOptionalIn = optin !== void 0;
      const isOptionalOut = schema?._zod?.optout === "optional";
      doc.write(`const ${id} = ${parseStr(k)};`);
      if (isOptionalIn && isOptionalOut) {
        const assign = optin === "optional" ? `${id}_present` : `${id}.value !== undefined || ${id}_present`;
        doc.write(`
        const ${id}_present = ${isPresent};
        if (!${id}.issues.length || ${id}_present) {
          if (${id}.issues.length) {${prefixStr(id, k)}
          }

          if (${assign}) {
            newResult[${k}] = ${id}.value;
          }
        }

      `);
      } else if (!isOptionalIn) {
        doc.write(`
        const ${id}_present = ${isPresent};
        if (${id}.issues.length) {${prefixStr(id, k)}
        }
        if (!${id}_present && !${id}.issues.length) {
          payload.issues.push({
            code: "invalid_type",
            expected: "nonoptional",
            input: undefined,
            path: [${k}]
          });
          if (ctx && ctx.abortEarly) {
            payload.value = newResult;
            return payload;
          }
        }

        if (${id}_present) {
          newResult[${k}] = ${id}.value;
        }

      `);
      } else {
        doc.write(`
        if (${id}.issues.length) {${prefixStr(id, k)}
        }
      `);
        if (optin === "defaulted") {
          doc.write(`newResult[${k}] = ${id}.value;`);
        } else {
          doc.write(`
        if (${id}.value !== undefined || ${isPresent}) {
          newResult[${k}] = ${id}.value;
        }
      `);
        }
      }
    }
    doc.write(`payload.value = newResult;`);
    doc.write(`return payload;`);
    return doc.compile();
  };
  let fastpass;
  const isObject2 = isObject;
  const jit = !globalConfig.jitless;
  const allowsEval2 = allowsEval;
  const fastEnabled = jit && allowsEval2.value;
  const catchall = def.catchall;
  let value;
  inst._zod.parse = (payload, ctx) => {
    value ?? (value = _normalized.value);
    const input = payload.value;
    if (!isObject2(input)) {
      payload.issues.push({
        expected: "object",
        code: "invalid_type",
        input,
        inst
      });
      return payload;
    }
    if (jit && fastEnabled && ctx?.async === false && ctx.jitless !== true) {
      if (!fastpass)
        fastpass = generateFastpass(def.shape);
      payload = fastpass(payload, ctx);
      if (!catchall)
        return payload;
      return handleCatchall([], input, payload, ctx, value, inst, ctx?.abortEarly === true);
    }
    return superParse(payload, ctx);
  };
});
function handleUnionResults(results, final, inst, ctx) {
  for (const result of results) {
    if (result.issues.length === 0) {
      final.value = result.value;
      return final;
    }
  }
  const nonaborted = results.filter((r) => !aborted(r));
  if (nonaborted.length === 1) {
    final.value = nonaborted[0].value;
    return nonaborted[0];
  }
  final.issues.push({
    code: "invalid_union",
    input: final.value,
    inst,
    errors: results.map((result) => result.issues.map((iss) => finalizeIssue(iss, ctx, config())))
  });
  return final;
}
var $ZodUnion = /* @__PURE__ */ $constructor("$ZodUnion", (inst, def) => {
  $ZodType.init(inst, def);
  defineLazyInternal(inst, "optin", (zod) => zod.def.options.some((o) => o._zod.optin === "defaulted") ? "defaulted" : zod.def.options.some((o) => o._zod.optin !== void 0) ? "optional" : void 0);
  defineLazyInternal(inst, "optout", (zod) => zod.def.options.some((o) => o._zod.optout === "optional") ? "optional" : void 0);
  defineLazyInternal(inst, "values", (zod) => {
    if (zod.def.options.every((o) => o._zod.values)) {
      return new Set(zod.def.options.flatMap((option) => Array.from(option._zod.values)));
    }
    return void 0;
  });
  defineLazyInternal(inst, "pattern", (zod) => {
    if (zod.def.options.every((o) => o._zod.pattern)) {
      const patterns = zod.def.options.map((o) => o._zod.pattern);
      return new RegExp(`^(${patterns.map((p) => cleanRegex(p.source)).join("|")})$`);
    }
    return void 0;
  });
  const first = def.options.length === 1 ? def.options[0]._zod.run : null;
  inst._zod.parse = (payload, ctx) => {
    if (first) {
      return first(payload, ctx);
    }
    let async = false;
    const results = [];
    for (const option of def.options) {
      const result = option._zod.run({
        value: payload.value,
        issues: []
      }, ctx);
      if (result instanceof Promise) {
        results.push(result);
        async = true;
      } else {
        if (result.issues.length === 0)
          return result;
        results.push(result);
      }
    }
    if (!async)
      return handleUnionResults(results, payload, inst, ctx);
    return Promise.all(results).then((results2) => {
      return handleUnionResults(results2, payload, inst, ctx);
    });
  };
});
var $ZodIntersection = /* @__PURE__ */ $constructor("$ZodIntersection", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.parse = (payload, ctx) => {
    const input = payload.value;
    const left = def.left._zod.run({ value: input, issues: [] }, ctx);
    const right = def.right._zod.run({ value: input, issues: [] }, ctx);
    const async = left instanceof Promise || right instanceof Promise;
    if (async) {
      return Promise.all([left, right]).then(([left2, right2]) => {
        return handleIntersectionResults(payload, left2, right2);
      });
    }
    return handleIntersectionResults(payload, left, right);
  };
});
function mergeValues(a, b) {
  if (a === b) {
    return { valid: true, data: a };
  }
  if (a instanceof Date && b instanceof Date && +a === +b) {
    return { valid: true, data: a };
  }
  if (isPlainObject(a) && isPlainObject(b)) {
    const bKeys = Object.keys(b);
    const sharedKeys = Object.keys(a).filter((key) => bKeys.indexOf(key) !== -1);
    const newObj = { ...a, ...b };
    if (Object.prototype.hasOwnProperty.call(newObj, "__proto__"))
      delete newObj.__proto__;
    for (const key of sharedKeys) {
      if (key === "__proto__")
        continue;
      const sharedValue = mergeValues(a[key], b[key]);
      if (!sharedValue.valid) {
        return {
          valid: false,
          mergeErrorPath: [key, ...sharedValue.mergeErrorPath]
        };
      }
      newObj[key] = sharedValue.data;
    }
    return { valid: true, data: newObj };
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) {
      return { valid: false, mergeErrorPath: [] };
    }
    const newArray = [];
    for (let index = 0; index < a.length; index++) {
      const itemA = a[index];
      const itemB = b[index];
      const sharedValue = mergeValues(itemA, itemB);
      if (!sharedValue.valid) {
        return {
          valid: false,
          mergeErrorPath: [index, ...sharedValue.mergeErrorPath]
        };
      }
      newArray.push(sharedValue.data);
    }
    return { valid: true, data: newArray };
  }
  return { valid: false, mergeErrorPath: [] };
}
function handleIntersectionResults(result, left, right) {
  const unrecKeys = /* @__PURE__ */ new Map();
  let unrecIssue;
  const keyIssues = /* @__PURE__ */ new Map();
  const collect = (iss, side) => {
    let keys;
    if (iss.code === "unrecognized_keys" && !iss.path?.length) {
      unrecIssue ?? (unrecIssue = iss);
      keys = iss.keys;
    } else if (iss.code === "invalid_key" && iss.origin === "record" && iss.path?.length === 1) {
      const k = String(iss.path[0]);
      if (!keyIssues.has(k))
        keyIssues.set(k, iss);
      keys = [k];
    } else {
      return false;
    }
    for (const k of keys) {
      if (!unrecKeys.has(k))
        unrecKeys.set(k, {});
      unrecKeys.get(k)[side] = true;
    }
    return true;
  };
  for (const iss of left.issues) {
    if (!collect(iss, "l"))
      result.issues.push(iss);
  }
  for (const iss of right.issues) {
    if (!collect(iss, "r"))
      result.issues.push(iss);
  }
  const bothKeys = [...unrecKeys].filter(([, f]) => f.l && f.r).map(([k]) => k);
  if (bothKeys.length) {
    const aggregated = unrecIssue ? bothKeys.filter((k) => unrecIssue.keys.includes(k)) : [];
    if (aggregated.length)
      result.issues.push({ ...unrecIssue, keys: aggregated });
    for (const k of bothKeys) {
      if (!aggregated.includes(k) && keyIssues.has(k))
        result.issues.push(keyIssues.get(k));
    }
  }
  const merged = mergeValues(left.value, right.value);
  if (!merged.valid) {
    if (aborted(result))
      return result;
    throw new Error(`Unmergable intersection. Error path: ${JSON.stringify(merged.mergeErrorPath)}`);
  }
  result.value = merged.data;
  return result;
}
var $ZodEnum = /* @__PURE__ */ $constructor("$ZodEnum", (inst, def) => {
  $ZodType.init(inst, def);
  const values = getEnumValues(def.entries);
  const valuesSet = new Set(values);
  inst._zod.values = valuesSet;
  defineLazyInternal(inst, "pattern", (zod) => {
    const patternValues = getEnumValues(zod.def.entries).filter((k) => propertyKeyTypes.has(typeof k));
    return new RegExp(patternValues.length ? `^(${patternValues.map((o) => escapeRegex(o.toString())).join("|")})$` : "^[^\\s\\S]$");
  });
  inst._zod.parse = (payload, _ctx) => {
    const input = payload.value;
    if (valuesSet.has(input)) {
      return payload;
    }
    payload.issues.push({
      code: "invalid_value",
      values,
      input,
      inst
    });
    return payload;
  };
});
var $ZodTransform = /* @__PURE__ */ $constructor("$ZodTransform", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.optin = "optional";
  globalConfig.memoizer?.guard(inst);
  inst._zod.parse = (payload, ctx) => {
    if (ctx.direction === "backward") {
      throw new $ZodEncodeError(inst.constructor.name);
    }
    const _out = def.transform(payload.value, payload);
    if (ctx.async) {
      const output = _out instanceof Promise ? _out : Promise.resolve(_out);
      return output.then((output2) => {
        payload.value = output2;
        return payload;
      });
    }
    if (_out instanceof Promise) {
      throw new $ZodAsyncError();
    }
    payload.value = _out;
    return payload;
  };
});
function handleOptionalResult(payload, result) {
  payload.value = result.issues.length ? void 0 : result.value;
  return payload;
}
var $ZodOptional = /* @__PURE__ */ $constructor("$ZodOptional", (inst, def) => {
  $ZodType.init(inst, def);
  defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin === "defaulted" ? "defaulted" : "optional");
  inst._zod.optout = "optional";
  defineLazyInternal(inst, "values", (zod) => {
    const values = zod.def.innerType._zod.values;
    return values ? /* @__PURE__ */ new Set([...values, void 0]) : void 0;
  });
  defineLazyInternal(inst, "pattern", (zod) => {
    const pattern = zod.def.innerType._zod.pattern;
    return pattern ? new RegExp(`^(${cleanRegex(pattern.source)})?$`) : void 0;
  });
  inst._zod.parse = (payload, ctx) => {
    if (payload.value === void 0) {
      if (def.innerType._zod.optin !== "defaulted")
        return payload;
      const result = def.innerType._zod.run({ value: payload.value, issues: [] }, ctx);
      if (result instanceof Promise)
        return result.then((result2) => handleOptionalResult(payload, result2));
      return handleOptionalResult(payload, result);
    }
    return def.innerType._zod.run(payload, ctx);
  };
});
var $ZodExactOptional = /* @__PURE__ */ $constructor("$ZodExactOptional", (inst, def) => {
  $ZodOptional.init(inst, def);
  defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
  defineLazyInternal(inst, "pattern", (zod) => zod.def.innerType._zod.pattern);
  inst._zod.parse = (payload, ctx) => {
    return def.innerType._zod.run(payload, ctx);
  };
});
var $ZodNullable = /* @__PURE__ */ $constructor("$ZodNullable", (inst, def) => {
  $ZodType.init(inst, def);
  defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin);
  defineLazyInternal(inst, "optout", (zod) => zod.def.innerType._zod.optout);
  defineLazyInternal(inst, "pattern", (zod) => {
    const pattern = zod.def.innerType._zod.pattern;
    return pattern ? new RegExp(`^(${cleanRegex(pattern.source)}|null)$`) : void 0;
  });
  defineLazyInternal(inst, "values", (zod) => {
    return zod.def.innerType._zod.values ? /* @__PURE__ */ new Set([...zod.def.innerType._zod.values, null]) : void 0;
  });
  inst._zod.parse = (payload, ctx) => {
    if (payload.value === null)
      return payload;
    return def.innerType._zod.run(payload, ctx);
  };
});
var $ZodDefault = /* @__PURE__ */ $constructor("$ZodDefault", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.optin = "defaulted";
  defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
  inst._zod.parse = (payload, ctx) => {
    if (ctx.direction === "backward") {
      return def.innerType._zod.run(payload, ctx);
    }
    if (payload.value === void 0) {
      payload.value = def.defaultValue;
      return payload;
    }
    const result = def.innerType._zod.run(payload, ctx);
    if (result instanceof Promise) {
      return result.then((result2) => handleDefaultResult(result2, def));
    }
    return handleDefaultResult(result, def);
  };
});
function handleDefaultResult(payload, def) {
  if (payload.value === void 0) {
    payload.value = def.defaultValue;
  }
  return payload;
}
var $ZodPrefault = /* @__PURE__ */ $constructor("$ZodPrefault", (inst, def) => {
  $ZodType.init(inst, def);
  inst._zod.optin = "defaulted";
  defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
  inst._zod.parse = (payload, ctx) => {
    if (ctx.direction === "backward") {
      return def.innerType._zod.run(payload, ctx);
    }
    if (payload.value === void 0) {
      payload.value = def.defaultValue;
    }
    return def.innerType._zod.run(payload, ctx);
  };
});
var $ZodNonOptional = /* @__PURE__ */ $constructor("$ZodNonOptional", (inst, def) => {
  $ZodType.init(inst, def);
  defineLazyInternal(inst, "values", (zod) => {
    const v = zod.def.innerType._zod.values;
    return v ? new Set([...v].filter((x) => x !== void 0)) : void 0;
  });
  inst._zod.parse = (payload, ctx) => {
    const result = def.innerType._zod.run(payload, ctx);
    if (result instanceof Promise) {
      return result.then((result2) => handleNonOptionalResult(result2, inst));
    }
    return handleNonOptionalResult(result, inst);
  };
});
function handleNonOptionalResult(payload, inst) {
  if (!payload.issues.length && payload.value === void 0) {
    payload.issues.push({
      code: "invalid_type",
      expected: "nonoptional",
      input: payload.value,
      inst
    });
  }
  return payload;
}
function handleCatchResult(payload, result, def, ctx) {
  if (!result.issues.length) {
    payload.value = result.value;
    if (result.memo)
      payload.memo = true;
    return payload;
  }
  payload.value = def.catchValue({
    ...result,
    value: payload.value,
    error: {
      issues: result.issues.map((iss) => finalizeIssue(iss, ctx, config()))
    },
    input: payload.value
  });
  return payload;
}
var $ZodCatch = /* @__PURE__ */ $constructor("$ZodCatch", (inst, def) => {
  $ZodType.init(inst, def);
  defineLazyInternal(inst, "optin", (zod) => zod.def.innerType._zod.optin === "defaulted" ? "defaulted" : "optional");
  defineLazyInternal(inst, "optout", (zod) => zod.def.innerType._zod.optout);
  defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
  inst._zod.parse = (payload, ctx) => {
    if (ctx.direction === "backward") {
      return def.innerType._zod.run(payload, ctx);
    }
    const result = def.innerType._zod.run({ value: payload.value, issues: [] }, ctx);
    if (result instanceof Promise) {
      return result.then((result2) => handleCatchResult(payload, result2, def, ctx));
    }
    return handleCatchResult(payload, result, def, ctx);
  };
});
var $ZodPipe = /* @__PURE__ */ $constructor("$ZodPipe", (inst, def) => {
  $ZodType.init(inst, def);
  defineLazyInternal(inst, "values", (zod) => zod.def.in._zod.values);
  defineLazyInternal(inst, "optin", (zod) => zod.def.in._zod.optin);
  defineLazyInternal(inst, "optout", (zod) => zod.def.out._zod.optout);
  defineLazyInternal(inst, "propValues", (zod) => zod.def.in._zod.propValues);
  inst._zod.parse = (payload, ctx) => {
    if (ctx.direction === "backward") {
      const right = def.out._zod.run(payload, ctx);
      if (right instanceof Promise) {
        return right.then((right2) => handlePipeResult(right2, def.in, ctx));
      }
      return handlePipeResult(right, def.in, ctx);
    }
    const left = def.in._zod.run(payload, ctx);
    if (left instanceof Promise) {
      return left.then((left2) => handlePipeResult(left2, def.out, ctx));
    }
    return handlePipeResult(left, def.out, ctx);
  };
});
function handlePipeResult(left, next, ctx) {
  if (left.issues.some((iss) => iss.code !== "unrecognized_keys")) {
    left.aborted = true;
    return left;
  }
  return next._zod.run({ value: left.value, issues: left.issues }, ctx);
}
var $ZodReadonly = /* @__PURE__ */ $constructor("$ZodReadonly", (inst, def) => {
  $ZodType.init(inst, def);
  defineLazyInternal(inst, "propValues", (zod) => zod.def.innerType._zod.propValues);
  defineLazyInternal(inst, "values", (zod) => zod.def.innerType._zod.values);
  defineLazyInternal(inst, "optin", (zod) => zod.def.innerType?._zod?.optin);
  defineLazyInternal(inst, "optout", (zod) => zod.def.innerType?._zod?.optout);
  inst._zod.parse = (payload, ctx) => {
    if (ctx.direction === "backward") {
      return def.innerType._zod.run(payload, ctx);
    }
    const result = def.innerType._zod.run(payload, ctx);
    if (result instanceof Promise) {
      return result.then(handleReadonlyResult);
    }
    return handleReadonlyResult(result);
  };
});
function handleReadonlyResult(payload) {
  if (!payload.memo)
    payload.value = Object.freeze(payload.value);
  return payload;
}
var $ZodCustom = /* @__PURE__ */ $constructor("$ZodCustom", (inst, def) => {
  $ZodCheck.init(inst, def);
  $ZodType.init(inst, def);
  inst._zod.parse = (payload, _) => {
    return payload;
  };
  inst._zod.check = (payload) => {
    const input = payload.value;
    const r = def.fn(input);
    if (r instanceof Promise) {
      return r.then((r2) => handleRefineResult(r2, payload, input, inst));
    }
    handleRefineResult(r, payload, input, inst);
    return;
  };
});
function handleRefineResult(result, payload, input, inst) {
  if (!result) {
    const _iss = {
      code: "custom",
      input,
      inst,
      // incorporates params.error into issue reporting
      path: [...inst._zod.def.path ?? []],
      // incorporates params.error into issue reporting
      continue: !inst._zod.def.abort
      // params: inst._zod.def.params,
    };
    if (inst._zod.def.params)
      _iss.params = inst._zod.def.params;
    payload.issues.push(issue(_iss));
  }
}

// node_modules/zod/v4/core/memoizer.js
var $ZodCyclicError = class extends Error {
  constructor() {
    super(`Cannot parse a reference cycle that closes through a transform`);
    this.name = "ZodCyclicError";
  }
};
var STATE = "~memo";
var NO_ISSUES = [];
function isRef(value) {
  return value !== null && typeof value === "object";
}
function cloneIssues(issues) {
  return issues.map((iss) => iss.path ? { ...iss, path: iss.path.slice() } : { ...iss });
}
var recursive = /* @__PURE__ */ new WeakMap();
var NONE = 0;
var ASSUMED = 1;
var PROVEN = 2;
function isRecursive(inst, stack, resolve) {
  const cached2 = recursive.get(inst);
  if (cached2 !== void 0)
    return cached2 ? PROVEN : NONE;
  if (stack.has(inst))
    return PROVEN;
  stack.add(inst);
  let result = NONE;
  const check = (child) => {
    if (result !== PROVEN && child?._zod) {
      const answer = isRecursive(child, stack, resolve);
      if (answer > result)
        result = answer;
    }
  };
  const shape = (sh, spread) => {
    let answer = NONE;
    for (const key of Reflect.ownKeys(sh)) {
      const desc = Object.getOwnPropertyDescriptor(sh, key);
      if (spread && !desc.enumerable)
        continue;
      const child = desc.get ? ASSUMED : desc.value?._zod ? isRecursive(desc.value, stack, resolve) : NONE;
      if (child > answer)
        answer = child;
    }
    return answer;
  };
  const merge2 = (answer) => {
    if (answer > result)
      result = answer;
  };
  const def = inst._zod.def;
  const kind = def.type;
  switch (kind) {
    case "object": {
      const raw = rawShape(def);
      merge2(raw ? shape(raw, true) : ASSUMED);
      check(def.catchall);
      break;
    }
    case "array":
      check(def.element);
      break;
    case "tuple":
      for (const el of def.items)
        check(el);
      check(def.rest);
      break;
    case "record":
    case "map":
      check(def.keyType);
      check(def.valueType);
      break;
    case "set":
      check(def.valueType);
      break;
    case "union":
      for (const el of def.options)
        check(el);
      break;
    case "intersection":
      check(def.left);
      check(def.right);
      break;
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "catch":
    case "readonly":
    case "nonoptional":
    case "promise":
    case "success":
      check(def.innerType);
      break;
    case "pipe":
      check(def.in);
      check(def.out);
      break;
    case "function":
      check(def.input);
      check(def.output);
      break;
    // `$ZodLazy` caches its inner on the def, so a resolved edge is followed exactly
    case "lazy": {
      const inner = def._cachedInner ?? (resolve ? inst._zod.innerType : void 0);
      merge2(inner ? isRecursive(inner, stack, false) : ASSUMED);
      break;
    }
    // a leaf by choice: `parts` are regex fragments, not data positions
    case "template_literal":
    // leaves
    case "string":
    case "number":
    case "int":
    case "boolean":
    case "bigint":
    case "symbol":
    case "undefined":
    case "null":
    case "void":
    case "never":
    case "any":
    case "unknown":
    case "date":
    case "nan":
    case "enum":
    case "literal":
    case "file":
    case "transform":
    case "custom":
      break;
    default: {
      kind;
      for (const key in def) {
        const desc = Object.getOwnPropertyDescriptor(def, key);
        if (!desc || desc.get)
          continue;
        const value = desc.value;
        if (!value || typeof value !== "object")
          continue;
        if (value._zod)
          check(value);
        else if (Array.isArray(value))
          for (const el of value)
            check(el);
      }
    }
  }
  stack.delete(inst);
  return settle(inst, result);
}
function settle(inst, answer) {
  if (answer !== ASSUMED)
    recursive.set(inst, answer === PROVEN);
  return answer;
}
function bucketFor(state, inst) {
  let bucket = state.buckets.get(inst);
  if (!bucket) {
    bucket = /* @__PURE__ */ new WeakMap();
    state.buckets.set(inst, bucket);
  }
  return bucket;
}
var handoff;
var open = [];
var memo = {
  alloc(_inst, payload, empty) {
    const bucket = handoff;
    if (!bucket)
      return empty;
    handoff = void 0;
    const entry = { value: empty, issues: null };
    bucket.set(payload.value, entry);
    open.push(entry);
    return empty;
  },
  guard(inst) {
    var _a3;
    (_a3 = inst._zod).deferred ?? (_a3.deferred = []);
    inst._zod.deferred.push(() => {
      const base = inst._zod.parse;
      const wrapped = (payload, ctx) => {
        if (ctx.direction !== "backward" && isBackEdge(ctx, payload.value))
          throw new $ZodCyclicError();
        return base(payload, ctx);
      };
      inst._zod.parse = wrapped;
      if (inst._zod.run === base)
        inst._zod.run = wrapped;
    });
  },
  attach(inst) {
    var _a3;
    let isRecursiveInst;
    let rechecked = false;
    let lastCtx;
    let lastBucket;
    (_a3 = inst._zod).deferred ?? (_a3.deferred = []);
    inst._zod.deferred.push(() => {
      const base = inst._zod.parse;
      const wrapped = (payload, ctx) => {
        if (isRecursiveInst === void 0) {
          const walked = isRecursive(inst, /* @__PURE__ */ new Set(), false);
          if (walked === NONE) {
            inst._zod.parse = base;
            if (inst._zod.run === wrapped)
              inst._zod.run = base;
            return base(payload, ctx);
          }
          if (walked === PROVEN || rechecked)
            isRecursiveInst = true;
          else
            rechecked = true;
        }
        const input = payload.value;
        if (!isRef(input))
          return base(payload, ctx);
        let state = ctx[STATE];
        if (!state) {
          state = { buckets: /* @__PURE__ */ new WeakMap(), backEdges: void 0 };
          ctx[STATE] = state;
        }
        let bucket;
        if (lastCtx === ctx) {
          bucket = lastBucket;
        } else {
          bucket = bucketFor(state, inst);
          lastCtx = ctx;
          lastBucket = bucket;
        }
        const hit = bucket.get(input);
        if (hit) {
          payload.value = hit.value;
          if (hit.issues) {
            if (hit.issues.length)
              payload.issues.push(...cloneIssues(hit.issues));
          } else {
            payload.memo = true;
            state.backEdges ?? (state.backEdges = /* @__PURE__ */ new WeakSet());
            state.backEdges.add(hit.value);
          }
          return payload;
        }
        handoff = bucket;
        const depth = open.length;
        const result = base(payload, ctx);
        handoff = void 0;
        const entry = open.length > depth ? open.pop() : void 0;
        if (result instanceof Promise) {
          return result.then((r) => {
            if (entry)
              entry.issues = r.issues.length ? cloneIssues(r.issues) : NO_ISSUES;
            return r;
          });
        }
        if (entry)
          entry.issues = result.issues.length ? cloneIssues(result.issues) : NO_ISSUES;
        return result;
      };
      inst._zod.parse = wrapped;
      if (inst._zod.run === base)
        inst._zod.run = wrapped;
    });
  }
};
function memoizer() {
  return memo;
}
function isBackEdge(ctx, value) {
  const backEdges = ctx[STATE]?.backEdges;
  return backEdges !== void 0 && isRef(value) && backEdges.has(value);
}

// node_modules/zod/v4/locales/en.js
var error = () => {
  const Sizable = {
    string: { unit: "characters", verb: "to have" },
    file: { unit: "bytes", verb: "to have" },
    array: { unit: "items", verb: "to have" },
    set: { unit: "items", verb: "to have" },
    map: { unit: "entries", verb: "to have" }
  };
  function getSizing(origin) {
    return Sizable[origin] ?? null;
  }
  const FormatDictionary = {
    regex: "input",
    email: "email address",
    url: "URL",
    emoji: "emoji",
    uuid: "UUID",
    uuidv4: "UUIDv4",
    uuidv6: "UUIDv6",
    nanoid: "nanoid",
    guid: "GUID",
    cuid: "cuid",
    cuid2: "cuid2",
    ulid: "ULID",
    xid: "XID",
    ksuid: "KSUID",
    datetime: "ISO datetime",
    date: "ISO date",
    time: "ISO time",
    duration: "ISO duration",
    ipv4: "IPv4 address",
    ipv6: "IPv6 address",
    mac: "MAC address",
    cidrv4: "IPv4 range",
    cidrv6: "IPv6 range",
    base64: "base64-encoded string",
    base64url: "base64url-encoded string",
    json_string: "JSON string",
    e164: "E.164 number",
    currency_code: "currency code",
    credit_card: "credit card number",
    iban: "IBAN",
    jwt: "JWT",
    template_literal: "input"
  };
  const TypeDictionary = {
    // Compatibility: "nan" -> "NaN" for display
    nan: "NaN"
    // All other type names omitted - they fall back to raw values via ?? operator
  };
  function getTypeName(type, input) {
    if (type === "number" && typeof input === "number" && !Number.isFinite(input)) {
      return String(input);
    }
    return TypeDictionary[type] ?? type;
  }
  return (issue2) => {
    switch (issue2.code) {
      case "invalid_type": {
        const expected = getTypeName(issue2.expected);
        const receivedType = parsedType(issue2.input);
        const received = getTypeName(receivedType, issue2.input);
        return `Invalid input: expected ${expected}, received ${received}`;
      }
      case "invalid_value":
        if (issue2.values.length === 1)
          return `Invalid input: expected ${stringifyPrimitive(issue2.values[0])}`;
        return `Invalid option: expected one of ${joinValues(issue2.values, "|")}`;
      case "too_big": {
        const adj = issue2.exact ? "exactly " : issue2.inclusive ? "<=" : "<";
        const sizing = getSizing(issue2.origin);
        if (sizing)
          return `Too big: expected ${issue2.origin ?? "value"} to have ${adj}${issue2.maximum.toString()} ${sizing.unit ?? "elements"}`;
        return `Too big: expected ${issue2.origin ?? "value"} to be ${adj}${issue2.maximum.toString()}`;
      }
      case "too_small": {
        const adj = issue2.exact ? "exactly " : issue2.inclusive ? ">=" : ">";
        const sizing = getSizing(issue2.origin);
        if (sizing) {
          return `Too small: expected ${issue2.origin} to have ${adj}${issue2.minimum.toString()} ${sizing.unit}`;
        }
        return `Too small: expected ${issue2.origin} to be ${adj}${issue2.minimum.toString()}`;
      }
      case "invalid_format": {
        const _issue = issue2;
        if (_issue.format === "starts_with") {
          return `Invalid string: must start with "${_issue.prefix}"`;
        }
        if (_issue.format === "ends_with")
          return `Invalid string: must end with "${_issue.suffix}"`;
        if (_issue.format === "includes")
          return `Invalid string: must include "${_issue.includes}"`;
        if (_issue.format === "regex")
          return `Invalid string: must match pattern ${_issue.pattern}`;
        return `Invalid ${FormatDictionary[_issue.format] ?? issue2.format}`;
      }
      case "not_multiple_of":
        return `Invalid number: must be a multiple of ${issue2.divisor}`;
      case "unrecognized_keys":
        return `Unrecognized key${issue2.keys.length > 1 ? "s" : ""}: ${joinValues(issue2.keys, ", ")}`;
      case "invalid_key":
        return `Invalid key in ${issue2.origin}`;
      case "invalid_union":
        if (issue2.options && Array.isArray(issue2.options) && issue2.options.length > 0) {
          const opts = issue2.options.map((o) => `'${o}'`).join(" | ");
          return `Invalid discriminator value. Expected ${opts}`;
        }
        if (issue2.inclusive === false) {
          return "Invalid input: more than one option matched";
        }
        return "Invalid input";
      case "invalid_element":
        return `Invalid value in ${issue2.origin}`;
      default:
        return `Invalid input`;
    }
  };
};
function en_default() {
  return {
    localeError: error()
  };
}

// node_modules/zod/v4/core/registries.js
var _a2;
var $ZodRegistry = class {
  constructor() {
    this._map = /* @__PURE__ */ new WeakMap();
    this._idmap = /* @__PURE__ */ new Map();
  }
  add(schema, ..._meta) {
    const meta2 = _meta[0];
    this._map.set(schema, meta2);
    if (meta2 && typeof meta2 === "object" && "id" in meta2) {
      this._idmap.set(meta2.id, schema);
    }
    return this;
  }
  clear() {
    this._map = /* @__PURE__ */ new WeakMap();
    this._idmap = /* @__PURE__ */ new Map();
    return this;
  }
  remove(schema) {
    const meta2 = this._map.get(schema);
    if (meta2 && typeof meta2 === "object" && "id" in meta2) {
      this._idmap.delete(meta2.id);
    }
    this._map.delete(schema);
    return this;
  }
  get(schema) {
    const p = schema._zod.parent;
    if (p) {
      const pm = { ...this.get(p) ?? {} };
      delete pm.id;
      const f = { ...pm, ...this._map.get(schema) };
      return Object.keys(f).length ? f : void 0;
    }
    return this._map.get(schema);
  }
  has(schema) {
    return this._map.has(schema);
  }
};
function registry() {
  return new $ZodRegistry();
}
(_a2 = globalThis).__zod_globalRegistry ?? (_a2.__zod_globalRegistry = registry());
var globalRegistry = globalThis.__zod_globalRegistry;

// node_modules/zod/v4/core/api.js
function snapshotChecks(def) {
  if (def.checks)
    def.checks = [...def.checks];
  return def;
}
// @__NO_SIDE_EFFECTS__
function _string(Class2, params) {
  return new Class2(snapshotChecks({ type: "string", ...normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _email(Class2, params) {
  return new Class2({
    type: "string",
    format: "email",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _guid(Class2, params) {
  return new Class2({
    type: "string",
    format: "guid",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _uuid(Class2, params) {
  return new Class2({
    type: "string",
    format: "uuid",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _uuidv4(Class2, params) {
  return new Class2({
    type: "string",
    format: "uuid",
    check: "string_format",
    abort: false,
    version: "v4",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _uuidv6(Class2, params) {
  return new Class2({
    type: "string",
    format: "uuid",
    check: "string_format",
    abort: false,
    version: "v6",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _uuidv7(Class2, params) {
  return new Class2({
    type: "string",
    format: "uuid",
    check: "string_format",
    abort: false,
    version: "v7",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _url(Class2, params) {
  return new Class2({
    type: "string",
    format: "url",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _emoji2(Class2, params) {
  return new Class2({
    type: "string",
    format: "emoji",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _nanoid(Class2, params) {
  return new Class2({
    type: "string",
    format: "nanoid",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _cuid(Class2, params) {
  return new Class2({
    type: "string",
    format: "cuid",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _cuid2(Class2, params) {
  return new Class2({
    type: "string",
    format: "cuid2",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _ulid(Class2, params) {
  return new Class2({
    type: "string",
    format: "ulid",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _xid(Class2, params) {
  return new Class2({
    type: "string",
    format: "xid",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _ksuid(Class2, params) {
  return new Class2({
    type: "string",
    format: "ksuid",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _ipv4(Class2, params) {
  return new Class2({
    type: "string",
    format: "ipv4",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _ipv6(Class2, params) {
  return new Class2({
    type: "string",
    format: "ipv6",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _cidrv4(Class2, params) {
  return new Class2({
    type: "string",
    format: "cidrv4",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _cidrv6(Class2, params) {
  return new Class2({
    type: "string",
    format: "cidrv6",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _base64(Class2, params) {
  return new Class2({
    type: "string",
    format: "base64",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _base64url(Class2, params) {
  return new Class2({
    type: "string",
    format: "base64url",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _e164(Class2, params) {
  return new Class2({
    type: "string",
    format: "e164",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _jwt(Class2, params) {
  return new Class2({
    type: "string",
    format: "jwt",
    check: "string_format",
    abort: false,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _isoDateTime(Class2, params) {
  return new Class2({
    type: "string",
    format: "datetime",
    check: "string_format",
    offset: false,
    local: false,
    precision: null,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _isoDate(Class2, params) {
  return new Class2({
    type: "string",
    format: "date",
    check: "string_format",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _isoTime(Class2, params) {
  return new Class2({
    type: "string",
    format: "time",
    check: "string_format",
    precision: null,
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _isoDuration(Class2, params) {
  return new Class2({
    type: "string",
    format: "duration",
    check: "string_format",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _number(Class2, params) {
  return new Class2(snapshotChecks({ type: "number", checks: [], ...normalizeParams(params) }));
}
// @__NO_SIDE_EFFECTS__
function _int(Class2, params) {
  return new Class2({
    type: "number",
    check: "number_format",
    abort: false,
    format: "safeint",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _unknown(Class2) {
  return new Class2({
    type: "unknown"
  });
}
// @__NO_SIDE_EFFECTS__
function _never(Class2, params) {
  return new Class2({
    type: "never",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _lt(value, params) {
  return new $ZodCheckLessThan({
    check: "less_than",
    ...normalizeParams(params),
    value,
    inclusive: false
  });
}
// @__NO_SIDE_EFFECTS__
function _lte(value, params) {
  return new $ZodCheckLessThan({
    check: "less_than",
    ...normalizeParams(params),
    value,
    inclusive: true
  });
}
// @__NO_SIDE_EFFECTS__
function _gt(value, params) {
  return new $ZodCheckGreaterThan({
    check: "greater_than",
    ...normalizeParams(params),
    value,
    inclusive: false
  });
}
// @__NO_SIDE_EFFECTS__
function _gte(value, params) {
  return new $ZodCheckGreaterThan({
    check: "greater_than",
    ...normalizeParams(params),
    value,
    inclusive: true
  });
}
// @__NO_SIDE_EFFECTS__
function _multipleOf(value, params) {
  return new $ZodCheckMultipleOf({
    check: "multiple_of",
    ...normalizeParams(params),
    value
  });
}
// @__NO_SIDE_EFFECTS__
function _maxLength(maximum, params) {
  const ch = new $ZodCheckMaxLength({
    check: "max_length",
    ...normalizeParams(params),
    maximum
  });
  return ch;
}
// @__NO_SIDE_EFFECTS__
function _minLength(minimum, params) {
  return new $ZodCheckMinLength({
    check: "min_length",
    ...normalizeParams(params),
    minimum
  });
}
// @__NO_SIDE_EFFECTS__
function _length(length, params) {
  return new $ZodCheckLengthEquals({
    check: "length_equals",
    ...normalizeParams(params),
    length
  });
}
// @__NO_SIDE_EFFECTS__
function _regex(pattern, params) {
  return new $ZodCheckRegex({
    check: "string_format",
    format: "regex",
    ...normalizeParams(params),
    pattern
  });
}
// @__NO_SIDE_EFFECTS__
function _lowercase(params) {
  return new $ZodCheckLowerCase({
    check: "string_format",
    format: "lowercase",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _uppercase(params) {
  return new $ZodCheckUpperCase({
    check: "string_format",
    format: "uppercase",
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _includes(includes, params) {
  return new $ZodCheckIncludes({
    check: "string_format",
    format: "includes",
    ...normalizeParams(params),
    includes
  });
}
// @__NO_SIDE_EFFECTS__
function _startsWith(prefix, params) {
  return new $ZodCheckStartsWith({
    check: "string_format",
    format: "starts_with",
    ...normalizeParams(params),
    prefix
  });
}
// @__NO_SIDE_EFFECTS__
function _endsWith(suffix, params) {
  return new $ZodCheckEndsWith({
    check: "string_format",
    format: "ends_with",
    ...normalizeParams(params),
    suffix
  });
}
// @__NO_SIDE_EFFECTS__
function _overwrite(tx) {
  return new $ZodCheckOverwrite({
    check: "overwrite",
    tx
  });
}
// @__NO_SIDE_EFFECTS__
function _normalize(form) {
  return /* @__PURE__ */ _overwrite((input) => input.normalize(form));
}
// @__NO_SIDE_EFFECTS__
function _trim() {
  return /* @__PURE__ */ _overwrite((input) => input.trim());
}
// @__NO_SIDE_EFFECTS__
function _toLowerCase() {
  return /* @__PURE__ */ _overwrite((input) => input.toLowerCase());
}
// @__NO_SIDE_EFFECTS__
function _toUpperCase() {
  return /* @__PURE__ */ _overwrite((input) => input.toUpperCase());
}
// @__NO_SIDE_EFFECTS__
function _slugify() {
  return /* @__PURE__ */ _overwrite((input) => slugify(input));
}
// @__NO_SIDE_EFFECTS__
function _array(Class2, element, params) {
  return new Class2({
    type: "array",
    element,
    // get element() {
    //   return element;
    // },
    ...normalizeParams(params)
  });
}
// @__NO_SIDE_EFFECTS__
function _refine(Class2, fn, _params) {
  const schema = new Class2({
    type: "custom",
    check: "custom",
    fn,
    ...normalizeParams(_params)
  });
  return schema;
}
// @__NO_SIDE_EFFECTS__
function _superRefine(fn, params) {
  const ch = /* @__PURE__ */ _check((payload) => {
    payload.addIssue = (issue2) => {
      if (typeof issue2 === "string") {
        payload.issues.push(issue(issue2, payload.value, ch._zod.def));
      } else {
        const _issue = issue2;
        if (_issue.fatal)
          _issue.continue = false;
        _issue.code ?? (_issue.code = "custom");
        if (!("input" in _issue))
          _issue.input = payload.value;
        _issue.inst ?? (_issue.inst = ch);
        _issue.continue ?? (_issue.continue = !ch._zod.def.abort);
        payload.issues.push(issue(_issue));
      }
    };
    return fn(payload.value, payload);
  }, params);
  return ch;
}
// @__NO_SIDE_EFFECTS__
function _check(fn, params) {
  const ch = new $ZodCheck({
    check: "custom",
    ...normalizeParams(params)
  });
  ch._zod.check = fn;
  return ch;
}

// node_modules/zod/v4/core/to-json-schema.js
function assignProps(target, ...sources) {
  for (const source of sources) {
    for (const key of Reflect.ownKeys(source)) {
      if (Object.prototype.propertyIsEnumerable.call(source, key)) {
        assignProp(target, key, source[key]);
      }
    }
  }
  return target;
}
function initializeContext(params) {
  let target = params?.target ?? "draft-2020-12";
  if (target === "draft-4")
    target = "draft-04";
  if (target === "draft-7")
    target = "draft-07";
  return {
    processors: params.processors ?? {},
    metadataRegistry: params?.metadata ?? globalRegistry,
    target,
    unrepresentable: params?.unrepresentable ?? "throw",
    override: params?.override ?? (() => {
    }),
    io: params?.io ?? "output",
    counter: 0,
    seen: /* @__PURE__ */ new Map(),
    sharedDefsExtractedFor: void 0,
    sharedEmitDoneFor: void 0,
    cycles: params?.cycles ?? "ref",
    reused: params?.reused ?? "inline",
    intersections: [],
    deferred: [],
    external: params?.external ?? void 0
  };
}
function handleUnrepresentable(schema, ctx, json, params, message) {
  const result = typeof ctx.unrepresentable === "function" ? ctx.unrepresentable({ zodSchema: schema, path: params.path, message }) : ctx.unrepresentable;
  if (result === "any")
    return false;
  if (result === void 0 || result === "throw")
    throw new Error(message);
  Object.assign(json, result);
  return true;
}
function processSchema(schema, ctx, _params = { path: [], schemaPath: [] }) {
  var _a3;
  const def = schema._zod.def;
  const seen = ctx.seen.get(schema);
  if (seen) {
    seen.count++;
    const isCycle = _params.schemaPath.includes(schema);
    if (isCycle) {
      seen.cycle = _params.path;
    }
    return seen.schema;
  }
  const result = { schema: {}, count: 1, cycle: void 0, path: _params.path };
  ctx.seen.set(schema, result);
  ctx.sharedDefsExtractedFor = void 0;
  ctx.sharedEmitDoneFor = void 0;
  const overrideSchema = schema._zod.toJSONSchema?.();
  if (overrideSchema) {
    result.schema = overrideSchema;
  } else {
    const params = {
      ..._params,
      schemaPath: [..._params.schemaPath, schema],
      path: _params.path
    };
    if (schema._zod.processJSONSchema) {
      schema._zod.processJSONSchema(ctx, result.schema, params);
    } else {
      const _json = result.schema;
      const processor = ctx.processors[def.type];
      if (!processor) {
        throw new Error(`[toJSONSchema]: Non-representable type encountered: ${def.type}`);
      }
      processor(schema, ctx, _json, params);
    }
    const parent = schema._zod.parent;
    if (parent) {
      if (!result.ref)
        result.ref = parent;
      processSchema(parent, ctx, params);
      ctx.seen.get(parent).isParent = true;
    }
  }
  const meta2 = ctx.metadataRegistry.get(schema);
  if (meta2)
    assignProps(result.schema, meta2);
  if (ctx.io === "input" && isTransforming(schema)) {
    delete result.schema.examples;
    delete result.schema.default;
  }
  if (ctx.io === "input" && "_prefault" in result.schema)
    (_a3 = result.schema).default ?? (_a3.default = result.schema._prefault);
  delete result.schema._prefault;
  const _result = ctx.seen.get(schema);
  return _result.schema;
}
function encodeJSONPointerSegment(segment) {
  return segment.replace(/~/g, "~0").replace(/\//g, "~1");
}
function extractDefs(ctx, schema) {
  const root = ctx.seen.get(schema);
  if (!root)
    throw new Error("Unprocessed schema. This is a bug in Zod.");
  if (ctx.external && ctx.sharedDefsExtractedFor === ctx.external)
    return;
  const idToSchema = /* @__PURE__ */ new Map();
  for (const entry of ctx.seen.entries()) {
    const id = ctx.metadataRegistry.get(entry[0])?.id;
    if (id) {
      const existing = idToSchema.get(id);
      if (existing && existing !== entry[0]) {
        throw new Error(`Duplicate schema id "${id}" detected during JSON Schema conversion. Two different schemas cannot share the same id when converted together.`);
      }
      idToSchema.set(id, entry[0]);
    }
  }
  const makeURI = (entry) => {
    const defsSegment = ctx.target === "draft-2020-12" ? "$defs" : "definitions";
    if (ctx.external) {
      const externalId = ctx.external.registry.get(entry[0])?.id;
      const uriGenerator = ctx.external.uri ?? ((id2) => id2);
      if (externalId) {
        return { ref: uriGenerator(externalId) };
      }
      const id = entry[1].defId ?? entry[1].schema.id ?? `schema${ctx.counter++}`;
      entry[1].defId = id;
      return { defId: id, ref: `${uriGenerator("__shared")}#/${defsSegment}/${encodeJSONPointerSegment(id)}` };
    }
    const uriPrefix = `#`;
    const defUriPrefix = `${uriPrefix}/${defsSegment}/`;
    if (entry[1] === root && !entry[1].schema.id) {
      return { ref: uriPrefix };
    }
    const defId = entry[1].schema.id ?? `__schema${ctx.counter++}`;
    return { defId, ref: defUriPrefix + encodeJSONPointerSegment(defId) };
  };
  const extractToDef = (entry) => {
    if (entry[1].schema.$ref) {
      return;
    }
    const seen = entry[1];
    const { ref, defId } = makeURI(entry);
    seen.def = { ...seen.schema };
    if (defId)
      seen.defId = defId;
    const schema2 = seen.schema;
    for (const key in schema2) {
      delete schema2[key];
    }
    schema2.$ref = ref;
  };
  if (ctx.cycles === "throw") {
    for (const entry of ctx.seen.entries()) {
      const seen = entry[1];
      if (seen.cycle) {
        throw new Error(`Cycle detected: #/${seen.cycle?.join("/")}/<root>

Set the \`cycles\` parameter to \`"ref"\` to resolve cyclical schemas with defs.`);
      }
    }
  }
  for (const entry of ctx.seen.entries()) {
    const seen = entry[1];
    if (schema === entry[0]) {
      extractToDef(entry);
      continue;
    }
    if (ctx.external) {
      const ext = ctx.external.registry.get(entry[0])?.id;
      if (schema !== entry[0] && ext) {
        extractToDef(entry);
        continue;
      }
    }
    const id = ctx.metadataRegistry.get(entry[0])?.id;
    if (id) {
      extractToDef(entry);
      continue;
    }
    if (seen.cycle) {
      extractToDef(entry);
      continue;
    }
    if (seen.count > 1) {
      if (ctx.reused === "ref") {
        extractToDef(entry);
      }
    }
  }
  if (ctx.external)
    ctx.sharedDefsExtractedFor = ctx.external;
}
function compactTypeUnion(schema) {
  const options = schema.anyOf;
  if (!Array.isArray(options) || options.length === 0 || schema.type !== void 0)
    return;
  const types = [];
  for (const option of options) {
    if (!option || typeof option !== "object")
      return;
    compactTypeUnion(option);
    const keys = Object.keys(option);
    if (keys.length !== 1 || keys[0] !== "type")
      return;
    const type = option.type;
    for (const member of Array.isArray(type) ? type : [type]) {
      if (typeof member !== "string")
        return;
      if (!types.includes(member))
        types.push(member);
    }
  }
  delete schema.anyOf;
  schema.type = types.length === 1 ? types[0] : types;
}
var FOLDABLE_KEYS = /* @__PURE__ */ new Set(["type", "properties", "required", "additionalProperties"]);
var UNION_KEYS = ["oneOf", "anyOf"];
function undeclaredConstraint(member) {
  const extra = member.additionalProperties;
  if (extra === void 0 || extra === false || typeof extra !== "object" || extra === null)
    return null;
  return Object.keys(extra).length ? extra : null;
}
function foldObjects(members2) {
  const objects = [];
  for (const member of members2) {
    if (typeof member !== "object" || member.type !== "object")
      return null;
    for (const key in member) {
      if (!FOLDABLE_KEYS.has(key))
        return null;
    }
    objects.push(member);
  }
  const properties = {};
  const required2 = /* @__PURE__ */ new Set();
  for (const object of objects) {
    for (const key in object.properties) {
      if (Object.prototype.hasOwnProperty.call(properties, key))
        continue;
      const parts = [];
      for (const other of objects) {
        const part = other.properties?.[key] ?? undeclaredConstraint(other);
        if (part === null || part === void 0)
          continue;
        if (!parts.some((seen) => JSON.stringify(seen) === JSON.stringify(part)))
          parts.push(part);
      }
      const merged = parts.length === 1 ? parts[0] : foldObjects(parts) ?? { allOf: parts };
      assignProp(properties, key, merged);
    }
    for (const key of object.required ?? [])
      required2.add(key);
  }
  const folded = { type: "object", properties };
  if (required2.size)
    folded.required = [...required2];
  if (objects.every((object) => object.additionalProperties === false)) {
    folded.additionalProperties = false;
  } else {
    const constraints = [];
    for (const object of objects) {
      const constraint = undeclaredConstraint(object);
      if (constraint && !constraints.some((seen) => JSON.stringify(seen) === JSON.stringify(constraint)))
        constraints.push(constraint);
    }
    if (constraints.length === 1)
      folded.additionalProperties = constraints[0];
    else if (constraints.length > 1)
      folded.additionalProperties = { allOf: constraints };
  }
  return folded;
}
function foldIntersection(json) {
  const allOf = json.allOf;
  if (!Array.isArray(allOf) || allOf.length < 2)
    return;
  for (const key of FOLDABLE_KEYS)
    if (key in json)
      return;
  const unions = allOf.filter((m) => UNION_KEYS.some((k) => Array.isArray(m[k])));
  let folded = null;
  if (!unions.length) {
    folded = foldObjects(allOf);
  } else {
    const union2 = unions[0];
    const keyword = UNION_KEYS.find((k) => Array.isArray(union2[k]));
    if (Object.keys(union2).length !== 1)
      return;
    const rest = allOf.filter((m) => m !== union2);
    const branches = union2[keyword].map((branch) => foldObjects([...rest, branch]));
    if (branches.some((b) => !b))
      return;
    folded = { [keyword]: branches };
  }
  if (!folded)
    return;
  delete json.allOf;
  assignProps(json, folded);
}
function finalize(ctx, schema) {
  const root = ctx.seen.get(schema);
  if (!root)
    throw new Error("Unprocessed schema. This is a bug in Zod.");
  const flattenRef = (zodSchema) => {
    const seen = ctx.seen.get(zodSchema);
    if (seen.ref === null)
      return;
    const schema2 = seen.def ?? seen.schema;
    const _cached = { ...schema2 };
    const ref = seen.ref;
    seen.ref = null;
    if (ref) {
      flattenRef(ref);
      const refSeen = ctx.seen.get(ref);
      const refSchema = refSeen.schema;
      if (refSchema.$ref && (ctx.target === "draft-07" || ctx.target === "draft-04" || ctx.target === "openapi-3.0")) {
        schema2.allOf = schema2.allOf ?? [];
        schema2.allOf.push(refSchema);
      } else {
        assignProps(schema2, refSchema);
      }
      assignProps(schema2, _cached);
      const isParentRef = zodSchema._zod.parent === ref;
      if (isParentRef) {
        for (const key in schema2) {
          if (key === "$ref" || key === "allOf")
            continue;
          if (!(key in _cached)) {
            delete schema2[key];
          }
        }
      }
      if (refSchema.$ref && refSeen.def) {
        for (const key in schema2) {
          if (key === "$ref" || key === "allOf")
            continue;
          if (key in refSeen.def && JSON.stringify(schema2[key]) === JSON.stringify(refSeen.def[key])) {
            delete schema2[key];
          }
        }
      }
    }
    const parent = zodSchema._zod.parent;
    if (parent && parent !== ref) {
      flattenRef(parent);
      const parentSeen = ctx.seen.get(parent);
      if (parentSeen?.schema.$ref) {
        schema2.$ref = parentSeen.schema.$ref;
        if (parentSeen.def) {
          for (const key in schema2) {
            if (key === "$ref" || key === "allOf")
              continue;
            if (key in parentSeen.def && JSON.stringify(schema2[key]) === JSON.stringify(parentSeen.def[key])) {
              delete schema2[key];
            }
          }
        }
      }
    }
    ctx.override({
      zodSchema,
      jsonSchema: schema2,
      path: seen.path ?? []
    });
  };
  if (!ctx.external || ctx.sharedEmitDoneFor !== ctx.external) {
    for (const entry of [...ctx.seen.entries()].reverse()) {
      flattenRef(entry[0]);
    }
    if (ctx.target !== "openapi-3.0") {
      for (const entry of ctx.seen.entries()) {
        compactTypeUnion(entry[1].def ?? entry[1].schema);
      }
    }
    for (const rewrite of ctx.deferred)
      rewrite();
    if (ctx.intersections.length) {
      const carriers = /* @__PURE__ */ new Map();
      for (const seen of ctx.seen.values()) {
        for (const json of [seen.schema, seen.def]) {
          const allOf = json?.allOf;
          if (!Array.isArray(allOf))
            continue;
          const existing = carriers.get(allOf);
          if (existing)
            existing.push(json);
          else
            carriers.set(allOf, [json]);
        }
      }
      for (const allOf of ctx.intersections) {
        for (const json of carriers.get(allOf) ?? [])
          foldIntersection(json);
      }
    }
  }
  const result = {};
  if (ctx.target === "draft-2020-12") {
    result.$schema = "https://json-schema.org/draft/2020-12/schema";
  } else if (ctx.target === "draft-07") {
    result.$schema = "http://json-schema.org/draft-07/schema#";
  } else if (ctx.target === "draft-04") {
    result.$schema = "http://json-schema.org/draft-04/schema#";
  } else if (ctx.target === "openapi-3.0") {
  } else {
  }
  if (ctx.external?.uri) {
    const id = ctx.external.registry.get(schema)?.id;
    if (!id)
      throw new Error("Schema is missing an `id` property");
    result.$id = ctx.external.uri(id);
  }
  assignProps(result, root.defId ? root.schema : root.def ?? root.schema);
  const rootMetaId = ctx.metadataRegistry.get(schema)?.id;
  if (rootMetaId !== void 0 && result.id === rootMetaId)
    delete result.id;
  const defs = ctx.external?.defs ?? {};
  if (!ctx.external || ctx.sharedEmitDoneFor !== ctx.external) {
    for (const entry of ctx.seen.entries()) {
      const seen = entry[1];
      if (seen.def && seen.defId) {
        if (seen.def.id === seen.defId)
          delete seen.def.id;
        assignProp(defs, seen.defId, seen.def);
      }
    }
  }
  if (ctx.external)
    ctx.sharedEmitDoneFor = ctx.external;
  if (ctx.external) {
  } else {
    if (Object.keys(defs).length > 0) {
      if (ctx.target === "draft-2020-12") {
        result.$defs = defs;
      } else {
        result.definitions = defs;
      }
    }
  }
  try {
    const finalized = JSON.parse(JSON.stringify(result));
    Object.defineProperty(finalized, "~standard", {
      value: {
        ...schema["~standard"],
        jsonSchema: {
          input: createStandardJSONSchemaMethod(schema, "input", ctx.processors),
          output: createStandardJSONSchemaMethod(schema, "output", ctx.processors)
        }
      },
      enumerable: false,
      writable: false
    });
    return finalized;
  } catch (_err) {
    throw new Error("Error converting schema to JSON.");
  }
}
function isTransforming(_schema, _ctx) {
  const ctx = _ctx ?? { seen: /* @__PURE__ */ new Set() };
  if (ctx.seen.has(_schema))
    return false;
  ctx.seen.add(_schema);
  const def = _schema._zod.def;
  if (def.type === "transform")
    return true;
  if (def.type === "array")
    return isTransforming(def.element, ctx);
  if (def.type === "set")
    return isTransforming(def.valueType, ctx);
  if (def.type === "lazy")
    return isTransforming(def.getter(), ctx);
  if (def.type === "promise" || def.type === "optional" || def.type === "nonoptional" || def.type === "nullable" || def.type === "readonly" || def.type === "default" || def.type === "prefault" || def.type === "catch") {
    return isTransforming(def.innerType, ctx);
  }
  if (def.type === "intersection") {
    return isTransforming(def.left, ctx) || isTransforming(def.right, ctx);
  }
  if (def.type === "record" || def.type === "map") {
    return isTransforming(def.keyType, ctx) || isTransforming(def.valueType, ctx);
  }
  if (def.type === "pipe") {
    if (_schema._zod.traits.has("$ZodCodec"))
      return true;
    return isTransforming(def.in, ctx) || isTransforming(def.out, ctx);
  }
  if (def.type === "object") {
    for (const key in def.shape) {
      if (isTransforming(def.shape[key], ctx))
        return true;
    }
    return false;
  }
  if (def.type === "union") {
    for (const option of def.options) {
      if (isTransforming(option, ctx))
        return true;
    }
    return false;
  }
  if (def.type === "tuple") {
    for (const item of def.items) {
      if (isTransforming(item, ctx))
        return true;
    }
    if (def.rest && isTransforming(def.rest, ctx))
      return true;
    return false;
  }
  return false;
}
var createToJSONSchemaMethod = (schema, processors = {}) => (params) => {
  const ctx = initializeContext({ ...params, processors });
  processSchema(schema, ctx);
  extractDefs(ctx, schema);
  return finalize(ctx, schema);
};
var createStandardJSONSchemaMethod = (schema, io, processors = {}) => (params) => {
  const { libraryOptions, target } = params ?? {};
  const ctx = initializeContext({ ...libraryOptions ?? {}, target, io, processors });
  processSchema(schema, ctx);
  extractDefs(ctx, schema);
  return finalize(ctx, schema);
};

// node_modules/zod/v4/core/json-schema-processors.js
var narrowMin = (agg, key, value) => {
  if (agg[key] === void 0 || value > agg[key])
    agg[key] = value;
};
var narrowMax = (agg, key, value) => {
  if (agg[key] === void 0 || value < agg[key])
    agg[key] = value;
};
var narrowBoth = (agg, value) => {
  narrowMin(agg, "minimum", value);
  narrowMax(agg, "maximum", value);
};
var addDivisor = (agg, value) => {
  agg.multipleOf ?? (agg.multipleOf = []);
  if (!agg.multipleOf.includes(value))
    agg.multipleOf.push(value);
};
var addPattern = (agg, pattern) => {
  agg.patterns ?? (agg.patterns = /* @__PURE__ */ new Set());
  agg.patterns.add(pattern);
};
var intersectMime = (agg, mime) => {
  agg.mime = agg.mime ? agg.mime.filter((m) => mime.includes(m)) : [...mime];
};
var setFormat = (agg, format) => {
  agg.format = format;
  if (format.includes("int"))
    agg.isInt = true;
};
var minContributor = (agg, def) => narrowMin(agg, "minimum", def.minimum);
var maxContributor = (agg, def) => narrowMax(agg, "maximum", def.maximum);
var formatContributor = (ranges) => (agg, def) => {
  setFormat(agg, def.format);
  const [minimum, maximum] = ranges[def.format];
  narrowMin(agg, "minimum", minimum);
  narrowMax(agg, "maximum", maximum);
};
var contributors = {
  greater_than: (agg, def) => narrowMin(agg, def.inclusive ? "minimum" : "exclusiveMinimum", def.value),
  less_than: (agg, def) => narrowMax(agg, def.inclusive ? "maximum" : "exclusiveMaximum", def.value),
  multiple_of: (agg, def) => addDivisor(agg, def.value),
  number_format: formatContributor(NUMBER_FORMAT_RANGES),
  bigint_format: formatContributor(BIGINT_FORMAT_RANGES),
  min_length: minContributor,
  max_length: maxContributor,
  length_equals: (agg, def) => narrowBoth(agg, def.length),
  min_size: minContributor,
  max_size: maxContributor,
  size_equals: (agg, def) => narrowBoth(agg, def.size),
  string_format: (agg, def) => {
    setFormat(agg, def.format);
    if (def.pattern)
      addPattern(agg, def.pattern);
    if (def.format === "base64" || def.format === "base64url")
      agg.contentEncoding = def.format;
    if (def.local || def.precision === -1)
      agg.laxFormat = true;
  },
  mime_type: (agg, def) => intersectMime(agg, def.mime)
};
function aggregateChecks(schema) {
  const agg = {};
  const def = schema._zod.def;
  const list = schema._zod.traits.has("$ZodCheck") ? [schema, ...def.checks ?? []] : def.checks ?? [];
  for (const ch of list)
    contributors[ch._zod.def.check]?.(agg, ch._zod.def);
  const bag = schema._zod.bag;
  if (bag.minimum !== void 0)
    narrowMin(agg, "minimum", bag.minimum);
  if (bag.exclusiveMinimum !== void 0)
    narrowMin(agg, "exclusiveMinimum", bag.exclusiveMinimum);
  if (bag.maximum !== void 0)
    narrowMax(agg, "maximum", bag.maximum);
  if (bag.exclusiveMaximum !== void 0)
    narrowMax(agg, "exclusiveMaximum", bag.exclusiveMaximum);
  if (bag.multipleOf !== void 0)
    addDivisor(agg, bag.multipleOf);
  if (bag.format !== void 0) {
    agg.format ?? (agg.format = bag.format);
    if (bag.format.includes("int"))
      agg.isInt = true;
  }
  if (bag.mime)
    intersectMime(agg, bag.mime);
  for (const pattern of bag.patterns ?? [])
    addPattern(agg, pattern);
  return agg;
}
var formatMap = {
  guid: "uuid",
  url: "uri",
  datetime: "date-time",
  json_string: "json-string",
  regex: ""
  // do not set
};
var exactPatterns = /* @__PURE__ */ new Map([
  [base64Charset, base64],
  [base64urlCharset, base64url]
]);
var exactPattern = (p) => exactPatterns.get(p) ?? p;
var stringProcessor = (schema, ctx, _json, _params) => {
  const json = _json;
  json.type = "string";
  const { minimum, maximum, format, patterns, contentEncoding, laxFormat } = aggregateChecks(schema);
  if (typeof minimum === "number")
    json.minLength = minimum;
  if (typeof maximum === "number")
    json.maxLength = maximum;
  if (format) {
    json.format = formatMap[format] ?? format;
    if (json.format === "")
      delete json.format;
    if (format === "time" || laxFormat) {
      delete json.format;
    }
  }
  if (contentEncoding)
    json.contentEncoding = contentEncoding;
  if (patterns && patterns.size > 0) {
    const patternList = [...patterns].map(exactPattern);
    if (patternList.length === 1)
      json.pattern = patternList[0].source;
    else if (patternList.length > 1) {
      json.allOf = [
        ...patternList.map((regex) => ({
          ...ctx.target === "draft-07" || ctx.target === "draft-04" || ctx.target === "openapi-3.0" ? { type: "string" } : {},
          pattern: regex.source
        }))
      ];
    }
  }
};
var numberProcessor = (schema, ctx, _json, params) => {
  const json = _json;
  const { minimum, maximum, multipleOf, exclusiveMaximum, exclusiveMinimum, isInt } = aggregateChecks(schema);
  json.type = isInt ? "integer" : "number";
  const exMin = typeof exclusiveMinimum === "number" && exclusiveMinimum >= (minimum ?? Number.NEGATIVE_INFINITY);
  const exMax = typeof exclusiveMaximum === "number" && exclusiveMaximum <= (maximum ?? Number.POSITIVE_INFINITY);
  const legacy = ctx.target === "draft-04" || ctx.target === "openapi-3.0";
  if (exMin) {
    if (legacy) {
      json.minimum = exclusiveMinimum;
      json.exclusiveMinimum = true;
    } else {
      json.exclusiveMinimum = exclusiveMinimum;
    }
  } else if (typeof minimum === "number") {
    json.minimum = minimum;
  }
  if (exMax) {
    if (legacy) {
      json.maximum = exclusiveMaximum;
      json.exclusiveMaximum = true;
    } else {
      json.exclusiveMaximum = exclusiveMaximum;
    }
  } else if (typeof maximum === "number") {
    json.maximum = maximum;
  }
  if (multipleOf) {
    const divisors = /* @__PURE__ */ new Set();
    for (const divisor of multipleOf) {
      if (Number.isFinite(divisor) && divisor !== 0)
        divisors.add(Math.abs(divisor));
      else
        handleUnrepresentable(schema, ctx, json, params, `A multipleOf divisor of ${divisor} cannot be represented in JSON Schema`);
    }
    const [first, ...rest] = divisors;
    if (first !== void 0)
      json.multipleOf = first;
    if (rest.length)
      json.allOf = [...json.allOf ?? [], ...rest.map((m) => ({ multipleOf: m }))];
  }
};
var neverProcessor = (_schema, _ctx, json, _params) => {
  json.not = {};
};
var unknownProcessor = (_schema, _ctx, _json, _params) => {
};
var enumProcessor = (schema, _ctx, json, _params) => {
  const def = schema._zod.def;
  const values = getEnumValues(def.entries);
  if (values.length === 0) {
    json.not = {};
    return;
  }
  if (values.every((v) => typeof v === "number"))
    json.type = "number";
  if (values.every((v) => typeof v === "string"))
    json.type = "string";
  json.enum = values;
};
var customProcessor = (schema, ctx, json, params) => {
  handleUnrepresentable(schema, ctx, json, params, "Custom types cannot be represented in JSON Schema");
};
var transformProcessor = (schema, ctx, json, params) => {
  handleUnrepresentable(schema, ctx, json, params, "Transforms cannot be represented in JSON Schema");
};
var arrayProcessor = (schema, ctx, _json, params) => {
  const json = _json;
  const def = schema._zod.def;
  const { minimum, maximum } = aggregateChecks(schema);
  if (typeof minimum === "number")
    json.minItems = minimum;
  if (typeof maximum === "number")
    json.maxItems = maximum;
  json.type = "array";
  json.items = processSchema(def.element, ctx, {
    ...params,
    path: [...params.path, "items"]
  });
};
function inputOptin(schema) {
  const def = schema._zod.def;
  if (def.type === "pipe" && def.in._zod.traits.has("$ZodTransform")) {
    return inputOptin(def.out);
  }
  if (def.type === "catch") {
    return inputOptin(def.innerType);
  }
  return schema._zod.optin;
}
var objectProcessor = (schema, ctx, _json, params) => {
  const json = _json;
  const def = schema._zod.def;
  const shape = def.shape;
  const symbolKeys = Object.getOwnPropertySymbols(shape);
  if (symbolKeys.length && handleUnrepresentable(schema, ctx, json, params, "Symbol keys cannot be represented in JSON Schema")) {
    return;
  }
  json.type = "object";
  json.properties = {};
  for (const key in shape) {
    assignProp(json.properties, key, processSchema(shape[key], ctx, {
      ...params,
      path: [...params.path, "properties", key]
    }));
  }
  const requiredKeys = [];
  for (const key of Object.keys(shape)) {
    const field = def.shape[key];
    if (ctx.io === "input" ? inputOptin(field) === void 0 : field._zod.optout === void 0) {
      requiredKeys.push(key);
    }
  }
  if (requiredKeys.length > 0) {
    json.required = requiredKeys;
  }
  if (def.catchall?._zod.def.type === "never") {
    json.additionalProperties = false;
  } else if (!def.catchall) {
    if (ctx.io === "output")
      json.additionalProperties = false;
  } else if (def.catchall) {
    json.additionalProperties = processSchema(def.catchall, ctx, {
      ...params,
      path: [...params.path, "additionalProperties"]
    });
  }
};
var unionProcessor = (schema, ctx, json, params) => {
  const def = schema._zod.def;
  const isExclusive = def.inclusive === false;
  const options = def.options.map((x, i) => processSchema(x, ctx, {
    ...params,
    path: [...params.path, isExclusive ? "oneOf" : "anyOf", i]
  }));
  if (isExclusive) {
    json.oneOf = options;
  } else {
    json.anyOf = options;
  }
};
var intersectionProcessor = (schema, ctx, json, params) => {
  const def = schema._zod.def;
  const a = processSchema(def.left, ctx, {
    ...params,
    path: [...params.path, "allOf", 0]
  });
  const b = processSchema(def.right, ctx, {
    ...params,
    path: [...params.path, "allOf", 1]
  });
  const isSimpleIntersection = (val) => "allOf" in val && Object.keys(val).length === 1;
  const allOf = [
    ...isSimpleIntersection(a) ? a.allOf : [a],
    ...isSimpleIntersection(b) ? b.allOf : [b]
  ];
  json.allOf = allOf;
  ctx.intersections.push(allOf);
};
var nullableProcessor = (schema, ctx, json, params) => {
  const def = schema._zod.def;
  const inner = processSchema(def.innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  if (ctx.target === "openapi-3.0") {
    seen.ref = def.innerType;
    json.nullable = true;
  } else {
    json.anyOf = [inner, { type: "null" }];
  }
};
var nonoptionalProcessor = (schema, ctx, _json, params) => {
  const def = schema._zod.def;
  processSchema(def.innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  seen.ref = def.innerType;
};
var UNREPRESENTABLE_DEFAULT = /* @__PURE__ */ Symbol();
function serializeDefaultValue(value, schema, ctx, json, params) {
  let unrepresentable = false;
  const serialized = JSON.stringify(value, (_, val) => {
    if (typeof val !== "bigint")
      return val;
    unrepresentable = true;
    return null;
  });
  if (!unrepresentable)
    return JSON.parse(serialized);
  handleUnrepresentable(schema, ctx, json, params, "BigInt defaults cannot be represented in JSON Schema");
  return UNREPRESENTABLE_DEFAULT;
}
var defaultProcessor = (schema, ctx, json, params) => {
  const def = schema._zod.def;
  processSchema(def.innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  seen.ref = def.innerType;
  const value = serializeDefaultValue(def.defaultValue, schema, ctx, json, params);
  if (value !== UNREPRESENTABLE_DEFAULT)
    json.default = value;
};
var prefaultProcessor = (schema, ctx, json, params) => {
  const def = schema._zod.def;
  processSchema(def.innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  seen.ref = def.innerType;
  if (ctx.io !== "input")
    return;
  const value = serializeDefaultValue(def.defaultValue, schema, ctx, json, params);
  if (value !== UNREPRESENTABLE_DEFAULT)
    json._prefault = value;
};
var catchProcessor = (schema, ctx, json, params) => {
  const def = schema._zod.def;
  processSchema(def.innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  seen.ref = def.innerType;
  let catchValue;
  try {
    catchValue = def.catchValue(void 0);
  } catch {
    handleUnrepresentable(schema, ctx, json, params, "Dynamic catch values are not supported in JSON Schema");
    return;
  }
  json.default = catchValue;
};
var pipeProcessor = (schema, ctx, _json, params) => {
  const def = schema._zod.def;
  const inIsTransform = def.in._zod.traits.has("$ZodTransform");
  const innerType = ctx.io === "input" ? inIsTransform ? def.out : def.in : def.out;
  processSchema(innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  seen.ref = innerType;
};
var readonlyProcessor = (schema, ctx, json, params) => {
  const def = schema._zod.def;
  processSchema(def.innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  seen.ref = def.innerType;
  json.readOnly = true;
};
var optionalProcessor = (schema, ctx, _json, params) => {
  const def = schema._zod.def;
  processSchema(def.innerType, ctx, params);
  const seen = ctx.seen.get(schema);
  seen.ref = def.innerType;
};

// node_modules/zod/v4/classic/errors.js
var _installedErrorProtos = /* @__PURE__ */ new WeakSet([Object.prototype, Error.prototype]);
function _lazyMethod(proto, key, make) {
  Object.defineProperty(proto, key, {
    configurable: true,
    enumerable: false,
    get() {
      const value = make(this);
      Object.defineProperty(this, key, { value, configurable: true, writable: true });
      return value;
    },
    set(value) {
      Object.defineProperty(this, key, { value, configurable: true, writable: true });
    }
  });
}
var initializer2 = (inst, issues) => {
  $ZodError.init(inst, issues);
  inst.name = "ZodError";
  const proto = Object.getPrototypeOf(inst);
  if (_installedErrorProtos.has(proto))
    return;
  _installedErrorProtos.add(proto);
  _lazyMethod(proto, "format", (self) => (mapper) => formatError(self, mapper));
  _lazyMethod(proto, "flatten", (self) => (mapper) => flattenError(self, mapper));
  _lazyMethod(proto, "addIssue", (self) => (issue2) => {
    self.issues.push(issue2);
    self.message = JSON.stringify(self.issues, jsonStringifyReplacer, 2);
  });
  _lazyMethod(proto, "addIssues", (self) => (issues2) => {
    self.issues.push(...issues2);
    self.message = JSON.stringify(self.issues, jsonStringifyReplacer, 2);
  });
  Object.defineProperty(proto, "isEmpty", {
    configurable: true,
    enumerable: false,
    get() {
      return this.issues.length === 0;
    }
  });
};
var ZodRealError = /* @__PURE__ */ $constructor("ZodError", initializer2, void 0, {
  Parent: Error
});

// node_modules/zod/v4/classic/parse.js
var parse = /* @__PURE__ */ _parse(ZodRealError);
var parseAsync = /* @__PURE__ */ _parseAsync(ZodRealError);
var safeParse = /* @__PURE__ */ _safeParse(ZodRealError);
var safeParseAsync = /* @__PURE__ */ _safeParseAsync(ZodRealError);
var encode = /* @__PURE__ */ _encode(ZodRealError);
var decode = /* @__PURE__ */ _decode(ZodRealError);
var encodeAsync = /* @__PURE__ */ _encodeAsync(ZodRealError);
var decodeAsync = /* @__PURE__ */ _decodeAsync(ZodRealError);
var safeEncode = /* @__PURE__ */ _safeEncode(ZodRealError);
var safeDecode = /* @__PURE__ */ _safeDecode(ZodRealError);
var safeEncodeAsync = /* @__PURE__ */ _safeEncodeAsync(ZodRealError);
var safeDecodeAsync = /* @__PURE__ */ _safeDecodeAsync(ZodRealError);

// node_modules/zod/v4/classic/schemas.js
function _ensureDefaultLocale() {
  if (!globalConfig.localeError)
    config(en_default());
}
function _ensureDefaultMemoizer() {
  if (!globalConfig.memoizer)
    config({ memoizer: memoizer() });
}
var ZodType = /* @__PURE__ */ $constructor("ZodType", (inst, def) => {
  _ensureDefaultLocale();
  $ZodType.init(inst, def);
  inst.def = def;
  inst.type = def.type;
  return inst;
}, {
  check(...chks) {
    const def = this.def;
    return this.clone(util_exports.mergeDefs(def, {
      checks: [
        ...def.checks ?? [],
        ...chks.map((ch) => typeof ch === "function" ? { _zod: { check: ch, def: { check: "custom" }, onattach: [] } } : ch)
      ]
    }), { parent: true });
  },
  with(...chks) {
    return this.check(...chks);
  },
  clone(def, params) {
    return clone(this, def, params);
  },
  brand() {
    return this;
  },
  register(reg, meta2) {
    reg.add(this, meta2);
    return this;
  },
  refine(check, params) {
    return this.check(refine(check, params));
  },
  superRefine(refinement, params) {
    return this.check(superRefine(refinement, params));
  },
  overwrite(fn) {
    return this.check(_overwrite(fn));
  },
  optional() {
    return optional(this);
  },
  exactOptional() {
    return exactOptional(this);
  },
  nullable() {
    return nullable(this);
  },
  nullish() {
    return optional(nullable(this));
  },
  nonoptional(params) {
    return nonoptional(this, params);
  },
  array() {
    return array(this);
  },
  or(arg) {
    return union([this, arg]);
  },
  and(arg) {
    return intersection(this, arg);
  },
  transform(tx) {
    return pipe(this, transform(tx));
  },
  default(d) {
    return _default(this, d);
  },
  prefault(d) {
    return prefault(this, d);
  },
  catch(params) {
    return _catch(this, params);
  },
  pipe(target) {
    return pipe(this, target);
  },
  readonly() {
    return readonly(this);
  },
  describe(description) {
    const cl = this.clone();
    globalRegistry.add(cl, { description });
    return cl;
  },
  meta(...args) {
    if (args.length === 0)
      return globalRegistry.get(this);
    const cl = this.clone();
    globalRegistry.add(cl, args[0]);
    return cl;
  },
  isOptional() {
    return this.safeParse(void 0).success;
  },
  isNullable() {
    return this.safeParse(null).success;
  },
  apply(fn, ...args) {
    return args.length === 0 ? fn(this) : fn(this, ...args);
  },
  // Overrides core's `~standard` to add `jsonSchema`. Must stay a prototype entry: redefining it per instance demotes instances to dictionary mode.
  get "~standard"() {
    return util_exports.hide(this, "~standard", {
      ...standardProps(this),
      jsonSchema: {
        input: createStandardJSONSchemaMethod(this, "input"),
        output: createStandardJSONSchemaMethod(this, "output")
      }
    });
  },
  set "~standard"(value) {
    util_exports.own(this, "~standard", value);
  },
  parse: function _parse2(data, params) {
    return parse(this, data, params, { callee: _parse2 });
  },
  parseAsync: async function _parseAsync2(data, params) {
    return await parseAsync(this, data, params, { callee: _parseAsync2 });
  },
  safeParse(data, params) {
    return safeParse(this, data, params);
  },
  async safeParseAsync(data, params) {
    return safeParseAsync(this, data, params);
  },
  // `spa` is an alias: same function object as `safeParseAsync`, as before.
  get spa() {
    return this?.safeParseAsync;
  },
  set spa(value) {
    util_exports.own(this, "spa", value);
  },
  validate(data, params) {
    return validate(this, data, params);
  },
  validateAsync(data, params) {
    return validateAsync(this, data, params);
  },
  encode: function _encode2(data, params) {
    return encode(this, data, params, { callee: _encode2 });
  },
  decode: function _decode2(data, params) {
    return decode(this, data, params, { callee: _decode2 });
  },
  encodeAsync: async function _encodeAsync2(data, params) {
    return await encodeAsync(this, data, params, { callee: _encodeAsync2 });
  },
  decodeAsync: async function _decodeAsync2(data, params) {
    return await decodeAsync(this, data, params, { callee: _decodeAsync2 });
  },
  safeEncode(data, params) {
    return safeEncode(this, data, params);
  },
  safeDecode(data, params) {
    return safeDecode(this, data, params);
  },
  async safeEncodeAsync(data, params) {
    return safeEncodeAsync(this, data, params);
  },
  async safeDecodeAsync(data, params) {
    return safeDecodeAsync(this, data, params);
  },
  toJSONSchema(params) {
    return createToJSONSchemaMethod(this, {})(params);
  },
  // Reads through to the registry on every access, so it must not cache.
  get description() {
    return globalRegistry.get(this)?.description;
  },
  // No setter: `schema._def = x` throws, as it did when `_def` was a non-writable own property.
  get _def() {
    return this._zod.def;
  }
});
var _ZodString = /* @__PURE__ */ $constructor(
  "_ZodString",
  (inst, def) => {
    $ZodString.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => stringProcessor(inst, ctx, json, params);
  },
  /* @__PURE__ */ util_exports.derived({
    format: (inst) => aggregateChecks(inst).format ?? null,
    minLength: (inst) => aggregateChecks(inst).minimum ?? null,
    maxLength: (inst) => aggregateChecks(inst).maximum ?? null
  }, {
    regex(...args) {
      return this.check(_regex(...args));
    },
    includes(...args) {
      return this.check(_includes(...args));
    },
    startsWith(...args) {
      return this.check(_startsWith(...args));
    },
    endsWith(...args) {
      return this.check(_endsWith(...args));
    },
    min(...args) {
      return this.check(_minLength(...args));
    },
    max(...args) {
      return this.check(_maxLength(...args));
    },
    length(...args) {
      return this.check(_length(...args));
    },
    nonempty(...args) {
      return this.check(_minLength(1, ...args));
    },
    lowercase(params) {
      return this.check(_lowercase(params));
    },
    uppercase(params) {
      return this.check(_uppercase(params));
    },
    trim() {
      return this.check(_trim());
    },
    normalize(...args) {
      return this.check(_normalize(...args));
    },
    toLowerCase() {
      return this.check(_toLowerCase());
    },
    toUpperCase() {
      return this.check(_toUpperCase());
    },
    slugify() {
      return this.check(_slugify());
    }
  })
);
var ZodString = /* @__PURE__ */ $constructor("ZodString", (inst, def) => {
  $ZodString.init(inst, def);
  _ZodString.init(inst, def);
}, {
  email(params) {
    return this.check(_email(ZodEmail, params));
  },
  url(params) {
    return this.check(_url(ZodURL, params));
  },
  jwt(params) {
    return this.check(_jwt(ZodJWT, params));
  },
  emoji(params) {
    return this.check(_emoji2(ZodEmoji, params));
  },
  guid(params) {
    return this.check(_guid(ZodGUID, params));
  },
  uuid(params) {
    return this.check(_uuid(ZodUUID, params));
  },
  uuidv4(params) {
    return this.check(_uuidv4(ZodUUID, params));
  },
  uuidv6(params) {
    return this.check(_uuidv6(ZodUUID, params));
  },
  uuidv7(params) {
    return this.check(_uuidv7(ZodUUID, params));
  },
  nanoid(params) {
    return this.check(_nanoid(ZodNanoID, params));
  },
  cuid(params) {
    return this.check(_cuid(ZodCUID, params));
  },
  cuid2(params) {
    return this.check(_cuid2(ZodCUID2, params));
  },
  ulid(params) {
    return this.check(_ulid(ZodULID, params));
  },
  base64(params) {
    return this.check(_base64(ZodBase64, params));
  },
  base64url(params) {
    return this.check(_base64url(ZodBase64URL, params));
  },
  xid(params) {
    return this.check(_xid(ZodXID, params));
  },
  ksuid(params) {
    return this.check(_ksuid(ZodKSUID, params));
  },
  ipv4(params) {
    return this.check(_ipv4(ZodIPv4, params));
  },
  ipv6(params) {
    return this.check(_ipv6(ZodIPv6, params));
  },
  cidrv4(params) {
    return this.check(_cidrv4(ZodCIDRv4, params));
  },
  cidrv6(params) {
    return this.check(_cidrv6(ZodCIDRv6, params));
  },
  e164(params) {
    return this.check(_e164(ZodE164, params));
  },
  datetime(params) {
    return this.check(_isoDateTime(ZodISODateTime, params));
  },
  date(params) {
    return this.check(_isoDate(ZodISODate, params));
  },
  time(params) {
    return this.check(_isoTime(ZodISOTime, params));
  },
  duration(params) {
    return this.check(_isoDuration(ZodISODuration, params));
  }
});
function string2(params) {
  return _string(ZodString, params);
}
var ZodStringFormat = /* @__PURE__ */ $constructor("ZodStringFormat", (inst, def) => {
  $ZodStringFormat.init(inst, def);
  _ZodString.init(inst, def);
});
var ZodISODateTime = /* @__PURE__ */ $constructor("ZodISODateTime", (inst, def) => {
  $ZodISODateTime.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodISODate = /* @__PURE__ */ $constructor("ZodISODate", (inst, def) => {
  $ZodISODate.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodISOTime = /* @__PURE__ */ $constructor("ZodISOTime", (inst, def) => {
  $ZodISOTime.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodISODuration = /* @__PURE__ */ $constructor("ZodISODuration", (inst, def) => {
  $ZodISODuration.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodEmail = /* @__PURE__ */ $constructor("ZodEmail", (inst, def) => {
  $ZodEmail.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodGUID = /* @__PURE__ */ $constructor("ZodGUID", (inst, def) => {
  $ZodGUID.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodUUID = /* @__PURE__ */ $constructor("ZodUUID", (inst, def) => {
  $ZodUUID.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodURL = /* @__PURE__ */ $constructor("ZodURL", (inst, def) => {
  $ZodURL.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodEmoji = /* @__PURE__ */ $constructor("ZodEmoji", (inst, def) => {
  $ZodEmoji.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodNanoID = /* @__PURE__ */ $constructor("ZodNanoID", (inst, def) => {
  $ZodNanoID.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodCUID = /* @__PURE__ */ $constructor("ZodCUID", (inst, def) => {
  $ZodCUID.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodCUID2 = /* @__PURE__ */ $constructor("ZodCUID2", (inst, def) => {
  $ZodCUID2.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodULID = /* @__PURE__ */ $constructor("ZodULID", (inst, def) => {
  $ZodULID.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodXID = /* @__PURE__ */ $constructor("ZodXID", (inst, def) => {
  $ZodXID.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodKSUID = /* @__PURE__ */ $constructor("ZodKSUID", (inst, def) => {
  $ZodKSUID.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodIPv4 = /* @__PURE__ */ $constructor("ZodIPv4", (inst, def) => {
  $ZodIPv4.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodIPv6 = /* @__PURE__ */ $constructor("ZodIPv6", (inst, def) => {
  $ZodIPv6.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodCIDRv4 = /* @__PURE__ */ $constructor("ZodCIDRv4", (inst, def) => {
  $ZodCIDRv4.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodCIDRv6 = /* @__PURE__ */ $constructor("ZodCIDRv6", (inst, def) => {
  $ZodCIDRv6.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodBase64 = /* @__PURE__ */ $constructor("ZodBase64", (inst, def) => {
  $ZodBase64.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodBase64URL = /* @__PURE__ */ $constructor("ZodBase64URL", (inst, def) => {
  $ZodBase64URL.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodE164 = /* @__PURE__ */ $constructor("ZodE164", (inst, def) => {
  $ZodE164.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodJWT = /* @__PURE__ */ $constructor("ZodJWT", (inst, def) => {
  $ZodJWT.init(inst, def);
  ZodStringFormat.init(inst, def);
});
var ZodNumber = /* @__PURE__ */ $constructor(
  "ZodNumber",
  (inst, def) => {
    $ZodNumber.init(inst, def);
    ZodType.init(inst, def);
    inst._zod.processJSONSchema = (ctx, json, params) => numberProcessor(inst, ctx, json, params);
    inst.isFinite = true;
  },
  /* @__PURE__ */ util_exports.derived({
    minValue: (inst) => {
      const { minimum, exclusiveMinimum } = aggregateChecks(inst);
      return Math.max(minimum ?? Number.NEGATIVE_INFINITY, exclusiveMinimum ?? Number.NEGATIVE_INFINITY);
    },
    maxValue: (inst) => {
      const { maximum, exclusiveMaximum } = aggregateChecks(inst);
      return Math.min(maximum ?? Number.POSITIVE_INFINITY, exclusiveMaximum ?? Number.POSITIVE_INFINITY);
    },
    isInt: (inst) => {
      const { isInt, multipleOf } = aggregateChecks(inst);
      return !!isInt || !!multipleOf?.some(Number.isSafeInteger);
    },
    format: (inst) => aggregateChecks(inst).format ?? null
  }, {
    gt(value, params) {
      return this.check(_gt(value, params));
    },
    gte(value, params) {
      return this.check(_gte(value, params));
    },
    min(value, params) {
      return this.check(_gte(value, params));
    },
    lt(value, params) {
      return this.check(_lt(value, params));
    },
    lte(value, params) {
      return this.check(_lte(value, params));
    },
    max(value, params) {
      return this.check(_lte(value, params));
    },
    int(params) {
      return this.check(int(params));
    },
    safe(params) {
      return this.check(int(params));
    },
    positive(params) {
      return this.check(_gt(0, params));
    },
    nonnegative(params) {
      return this.check(_gte(0, params));
    },
    negative(params) {
      return this.check(_lt(0, params));
    },
    nonpositive(params) {
      return this.check(_lte(0, params));
    },
    multipleOf(value, params) {
      return this.check(_multipleOf(value, params));
    },
    step(value, params) {
      return this.check(_multipleOf(value, params));
    },
    finite() {
      return this;
    }
  })
);
function number2(params) {
  return _number(ZodNumber, params);
}
var ZodNumberFormat = /* @__PURE__ */ $constructor("ZodNumberFormat", (inst, def) => {
  $ZodNumberFormat.init(inst, def);
  ZodNumber.init(inst, def);
});
function int(params) {
  return _int(ZodNumberFormat, params);
}
var ZodUnknown = /* @__PURE__ */ $constructor("ZodUnknown", (inst, def) => {
  $ZodUnknown.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => unknownProcessor(inst, ctx, json, params);
});
function unknown() {
  return _unknown(ZodUnknown);
}
var ZodNever = /* @__PURE__ */ $constructor("ZodNever", (inst, def) => {
  $ZodNever.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => neverProcessor(inst, ctx, json, params);
});
function never(params) {
  return _never(ZodNever, params);
}
var ZodArray = /* @__PURE__ */ $constructor("ZodArray", (inst, def) => {
  _ensureDefaultMemoizer();
  $ZodArray.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => arrayProcessor(inst, ctx, json, params);
  inst.element = def.element;
}, {
  min(n, params) {
    return this.check(_minLength(n, params));
  },
  nonempty(params) {
    return this.check(_minLength(1, params));
  },
  max(n, params) {
    return this.check(_maxLength(n, params));
  },
  length(n, params) {
    return this.check(_length(n, params));
  },
  unwrap() {
    return this.element;
  }
});
function array(element, params) {
  return _array(ZodArray, element, params);
}
var ZodObject = /* @__PURE__ */ $constructor("ZodObject", (inst, def) => {
  _ensureDefaultMemoizer();
  $ZodObjectJIT.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => objectProcessor(inst, ctx, json, params);
  util_exports.installLazyProp(inst, "shape", (self) => self._zod.def.shape, false);
}, {
  keyof() {
    return _enum(Object.keys(this._zod.def.shape));
  },
  catchall(catchall) {
    return this.clone(util_exports.mergeDefs(this._zod.def, { catchall }));
  },
  passthrough() {
    return this.clone(util_exports.mergeDefs(this._zod.def, { catchall: unknown() }));
  },
  loose() {
    return this.clone(util_exports.mergeDefs(this._zod.def, { catchall: unknown() }));
  },
  strict() {
    return this.clone(util_exports.mergeDefs(this._zod.def, { catchall: never() }));
  },
  strip() {
    return this.clone(util_exports.mergeDefs(this._zod.def, { catchall: void 0 }));
  },
  extend(incoming) {
    return util_exports.extend(this, incoming);
  },
  safeExtend(incoming) {
    return util_exports.safeExtend(this, incoming);
  },
  merge(other) {
    return util_exports.merge(this, other);
  },
  pick(mask) {
    return util_exports.pick(this, mask);
  },
  omit(mask) {
    return util_exports.omit(this, mask);
  },
  partial(...args) {
    return util_exports.partial(ZodOptional, this, args[0]);
  },
  exactPartial(...args) {
    return util_exports.partial(ZodExactOptional, this, args[0], "exactPartial");
  },
  required(...args) {
    return util_exports.required(ZodNonOptional, this, args[0]);
  }
});
function looseObject(shape, params) {
  return new ZodObject({
    type: "object",
    shape,
    catchall: unknown(),
    ...util_exports.normalizeParams(params)
  });
}
var ZodUnion = /* @__PURE__ */ $constructor("ZodUnion", (inst, def) => {
  $ZodUnion.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => unionProcessor(inst, ctx, json, params);
  inst.options = def.options;
});
function union(options, params) {
  return new ZodUnion({
    type: "union",
    options,
    ...util_exports.normalizeParams(params)
  });
}
var ZodIntersection = /* @__PURE__ */ $constructor("ZodIntersection", (inst, def) => {
  $ZodIntersection.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => intersectionProcessor(inst, ctx, json, params);
});
function intersection(left, right) {
  return new ZodIntersection({
    type: "intersection",
    left,
    right
  });
}
var ZodEnum = /* @__PURE__ */ $constructor("ZodEnum", (inst, def) => {
  $ZodEnum.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => enumProcessor(inst, ctx, json, params);
  inst.enum = def.entries;
  inst.options = [...inst._zod.values];
  const keys = new Set(Object.keys(def.entries));
  inst.extract = (values, params) => {
    const newEntries = {};
    for (const value of values) {
      if (keys.has(value)) {
        newEntries[value] = def.entries[value];
      } else
        throw new Error(`Key ${value} not found in enum`);
    }
    return new ZodEnum({
      ...def,
      checks: [],
      ...util_exports.normalizeParams(params),
      entries: newEntries
    });
  };
  inst.exclude = (values, params) => {
    const newEntries = { ...def.entries };
    for (const value of values) {
      if (keys.has(value)) {
        delete newEntries[value];
      } else
        throw new Error(`Key ${value} not found in enum`);
    }
    return new ZodEnum({
      ...def,
      checks: [],
      ...util_exports.normalizeParams(params),
      entries: newEntries
    });
  };
});
function _enum(values, params) {
  const entries = Array.isArray(values) ? Object.fromEntries(values.map((v) => [v, v])) : values;
  return new ZodEnum({
    type: "enum",
    entries,
    ...util_exports.normalizeParams(params)
  });
}
var ZodTransform = /* @__PURE__ */ $constructor("ZodTransform", (inst, def) => {
  _ensureDefaultMemoizer();
  $ZodTransform.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => transformProcessor(inst, ctx, json, params);
  inst._zod.parse = (payload, _ctx) => {
    if (_ctx.direction === "backward") {
      throw new $ZodEncodeError(inst.constructor.name);
    }
    payload.addIssue = (issue2) => {
      if (typeof issue2 === "string") {
        payload.issues.push(util_exports.issue(issue2, payload.value, def));
      } else {
        const _issue = issue2;
        if (_issue.fatal)
          _issue.continue = false;
        _issue.code ?? (_issue.code = "custom");
        if (!("input" in _issue))
          _issue.input = payload.value;
        _issue.inst ?? (_issue.inst = inst);
        payload.issues.push(util_exports.issue(_issue));
      }
    };
    const output = def.transform(payload.value, payload);
    if (output instanceof Promise) {
      return output.then((output2) => {
        payload.value = output2;
        return payload;
      });
    }
    payload.value = output;
    return payload;
  };
});
function transform(fn) {
  return new ZodTransform({
    type: "transform",
    transform: fn
  });
}
var ZodOptional = /* @__PURE__ */ $constructor("ZodOptional", (inst, def) => {
  $ZodOptional.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => optionalProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
});
function optional(innerType) {
  return new ZodOptional({
    type: "optional",
    innerType
  });
}
var ZodExactOptional = /* @__PURE__ */ $constructor("ZodExactOptional", (inst, def) => {
  $ZodExactOptional.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => optionalProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
});
function exactOptional(innerType) {
  return new ZodExactOptional({
    type: "optional",
    innerType
  });
}
var ZodNullable = /* @__PURE__ */ $constructor("ZodNullable", (inst, def) => {
  $ZodNullable.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => nullableProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
});
function nullable(innerType) {
  return new ZodNullable({
    type: "nullable",
    innerType
  });
}
var ZodDefault = /* @__PURE__ */ $constructor("ZodDefault", (inst, def) => {
  $ZodDefault.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => defaultProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
  inst.removeDefault = inst.unwrap;
});
function _default(innerType, defaultValue) {
  return new ZodDefault({
    type: "default",
    innerType,
    get defaultValue() {
      return typeof defaultValue === "function" ? defaultValue() : util_exports.shallowClone(defaultValue);
    }
  });
}
var ZodPrefault = /* @__PURE__ */ $constructor("ZodPrefault", (inst, def) => {
  $ZodPrefault.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => prefaultProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
});
function prefault(innerType, defaultValue) {
  return new ZodPrefault({
    type: "prefault",
    innerType,
    get defaultValue() {
      return typeof defaultValue === "function" ? defaultValue() : util_exports.shallowClone(defaultValue);
    }
  });
}
var ZodNonOptional = /* @__PURE__ */ $constructor("ZodNonOptional", (inst, def) => {
  $ZodNonOptional.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => nonoptionalProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
});
function nonoptional(innerType, params) {
  return new ZodNonOptional({
    type: "nonoptional",
    innerType,
    ...util_exports.normalizeParams(params)
  });
}
var ZodCatch = /* @__PURE__ */ $constructor("ZodCatch", (inst, def) => {
  $ZodCatch.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => catchProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
  inst.removeCatch = inst.unwrap;
});
function _catch(innerType, catchValue) {
  return new ZodCatch({
    type: "catch",
    innerType,
    catchValue: typeof catchValue === "function" ? catchValue : util_exports.constantCatch(catchValue)
  });
}
var ZodPipe = /* @__PURE__ */ $constructor("ZodPipe", (inst, def) => {
  $ZodPipe.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => pipeProcessor(inst, ctx, json, params);
  inst.in = def.in;
  inst.out = def.out;
});
function pipe(in_, out) {
  return new ZodPipe({
    type: "pipe",
    in: in_,
    out
    // ...util.normalizeParams(params),
  });
}
var ZodReadonly = /* @__PURE__ */ $constructor("ZodReadonly", (inst, def) => {
  $ZodReadonly.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => readonlyProcessor(inst, ctx, json, params);
  inst.unwrap = () => inst._zod.def.innerType;
});
function readonly(innerType) {
  return new ZodReadonly({
    type: "readonly",
    innerType
  });
}
var ZodCustom = /* @__PURE__ */ $constructor("ZodCustom", (inst, def) => {
  $ZodCustom.init(inst, def);
  ZodType.init(inst, def);
  inst._zod.processJSONSchema = (ctx, json, params) => customProcessor(inst, ctx, json, params);
});
function refine(fn, _params = {}) {
  return _refine(ZodCustom, fn, _params);
}
function superRefine(fn, params) {
  return _superRefine(fn, params);
}

// src/model/hooks/cgroup-skb.ts
var ATTACH_TYPES = { ingress: 0, egress: 1 };
var cgroupSkb = {
  name: "cgroup_skb",
  description: "packets that arrive at the sockets of a cgroup, or leave them",
  since: "5.7",
  programTypes: ["cgroup_skb"],
  options: { direction: _enum(["ingress", "egress"]) },
  variants: [{ direction: "ingress" }, { direction: "egress" }],
  empty: () => "nop_cgroup_skb",
  drop: () => "drop_cgroup_skb",
  stimuli: ["udp"],
  attach: (port, fd, { direction }) => port.linkToCgroup(fd, ATTACH_TYPES[direction])
};

// src/model/hooks/cgroup-sock.ts
var ATTACH_TYPES2 = { sock_create: 2, sock_release: 34, post_bind4: 12, post_bind6: 13 };
var cgroupSock = {
  name: "cgroup_sock",
  description: "sockets of a cgroup, as they are made, bound and closed",
  since: "5.9",
  programTypes: ["cgroup_sock"],
  options: { at: _enum(Object.keys(ATTACH_TYPES2)) },
  variants: [{ at: "sock_create" }, { at: "sock_release" }, { at: "post_bind4" }, { at: "post_bind6" }],
  sectionSays: "at",
  attachType: ({ at }) => ATTACH_TYPES2[at],
  empty: () => "nop_cgroup_sock",
  stimuli: ["socket", "socket6"],
  stimulus: ({ at }) => at === "post_bind6" ? "socket6" : "socket",
  attach: (port, fd, { at }) => port.linkToCgroup(fd, ATTACH_TYPES2[at])
};

// src/model/hooks/cgroup-sock-addr.ts
var ATTACH_TYPES3 = { connect4: 10, connect6: 11, bind4: 8, bind6: 9 };
var cgroupSockAddr = {
  name: "cgroup_sock_addr",
  description: "addresses that sockets of a cgroup are bound or connected to",
  since: "5.7",
  programTypes: ["cgroup_sock_addr"],
  options: { at: _enum(Object.keys(ATTACH_TYPES3)) },
  variants: [{ at: "connect4" }, { at: "connect6" }, { at: "bind4" }, { at: "bind6" }],
  sectionSays: "at",
  attachType: ({ at }) => ATTACH_TYPES3[at],
  empty: () => "nop_cgroup_sock_addr",
  stimuli: ["socket", "socket6"],
  stimulus: ({ at }) => at?.endsWith("6") ? "socket6" : "socket",
  attach: (port, fd, { at }) => port.linkToCgroup(fd, ATTACH_TYPES3[at])
};

// src/model/hooks/cgroup-sockopt.ts
var ATTACH_TYPES4 = { getsockopt: 21, setsockopt: 22 };
var cgroupSockopt = {
  name: "cgroup_sockopt",
  description: "options of sockets of a cgroup, as they are set or asked for",
  since: "5.7",
  programTypes: ["cgroup_sockopt"],
  options: { at: _enum(Object.keys(ATTACH_TYPES4)) },
  variants: [{ at: "getsockopt" }, { at: "setsockopt" }],
  sectionSays: "at",
  attachType: ({ at }) => ATTACH_TYPES4[at],
  empty: () => "nop_cgroup_sockopt",
  stimuli: ["sockopt"],
  attach: (port, fd, { at }) => port.linkToCgroup(fd, ATTACH_TYPES4[at])
};

// src/model/hooks/cgroup-sysctl.ts
var BPF_CGROUP_SYSCTL = 18;
var cgroupSysctl = {
  name: "cgroup_sysctl",
  description: "settings of the kernel, as a cgroup reads or writes them",
  since: "5.7",
  programTypes: ["cgroup_sysctl"],
  options: {},
  variants: [{}],
  empty: () => "nop_cgroup_sysctl",
  stimuli: ["sysctl"],
  attach: (port, fd) => port.linkToCgroup(fd, BPF_CGROUP_SYSCTL)
};

// src/model/hooks/cpumap.ts
var BPF_XDP_CPUMAP = 35;
var cpumap = {
  name: "cpumap",
  description: "packets that XDP has redirected to a processor, by an entry of a cpumap",
  since: "5.9",
  programTypes: ["xdp"],
  options: {},
  variants: [{}],
  attachType: () => BPF_XDP_CPUMAP,
  empty: () => "nop_xdp",
  stimuli: ["udp_cpumap"],
  attach: (port, fd) => port.putIntoRedirect(fd)
};

// src/model/hooks/devmap.ts
var BPF_XDP_DEVMAP = 33;
var devmap = {
  name: "devmap",
  description: "packets that XDP has redirected to a device, by an entry of a devmap",
  since: "5.9",
  programTypes: ["xdp"],
  options: {},
  variants: [{}],
  attachType: () => BPF_XDP_DEVMAP,
  empty: () => "nop_xdp",
  drop: () => "drop_xdp",
  stimuli: ["udp_devmap"],
  attach: (port, fd) => port.putIntoRedirect(fd)
};

// src/model/stimuli.ts
var STIMULI = [
  {
    name: "udp",
    description: "UDP datagrams over IPv4, each received before the next is sent",
    unit: "packet",
    sizeBytes: 64,
    roundTrip: "udp_rtt"
  },
  {
    name: "udp_any",
    description: "UDP datagrams over IPv4 to a socket that shares its port and is connected to nobody",
    unit: "packet",
    sizeBytes: 64
  },
  {
    name: "udp_raw",
    description: "UDP datagrams over IPv4, sent as whole frames by a packet socket",
    unit: "packet",
    sizeBytes: 64
  },
  {
    name: "udp_devmap",
    description: "UDP datagrams over IPv4 that XDP at the receiver sends back by a devmap",
    unit: "packet",
    sizeBytes: 64,
    redirect: "devmap"
  },
  {
    name: "udp_cpumap",
    description: "UDP datagrams over IPv4 that XDP at the receiver leaves to a thread by a cpumap",
    unit: "packet",
    sizeBytes: 64,
    redirect: "cpumap"
  },
  {
    name: "udp_netkit",
    description: "UDP datagrams over IPv4 from a netkit pair's primary to its peer",
    unit: "packet",
    sizeBytes: 64,
    link: "netkit"
  },
  {
    name: "udp_netkit_peer",
    description: "UDP datagrams over IPv4 from a netkit pair's peer to its primary",
    unit: "packet",
    sizeBytes: 64,
    link: "netkit"
  },
  {
    name: "tcp",
    // One way, whether acknowledgements fall into an event or behind it would be half of the figure.
    description: "messages over a TCP connection, 64 bytes, each answered before the next is sent",
    unit: "packet",
    messageBytes: 64
  },
  {
    name: "tcp_congestion",
    description: "the same over a connection whose congestion control is set: to the kernel's reno without a program",
    unit: "packet",
    messageBytes: 64
  },
  { name: "getpgid", description: "a system call that asks for a process group", unit: "event" },
  { name: "call", description: "a call of a function that does nothing", unit: "event" },
  { name: "socket", description: "a UDP socket over IPv4, bound, connected and closed", unit: "event" },
  { name: "socket6", description: "a UDP socket over IPv6, bound, connected and closed", unit: "event" },
  { name: "tcp_connect", description: "a TCP connection, made and reset", unit: "event" },
  { name: "sockopt", description: "an option of a socket, set and asked for", unit: "event" },
  { name: "sysctl", description: "a setting of the kernel, read", unit: "event" },
  { name: "device", description: "a device, opened and closed", unit: "event" },
  { name: "iterate", description: "an iterator, opened, read to its end and closed", unit: "event" },
  { name: "page_fault", description: "the first access to a page of memory", unit: "event" }
];

// src/model/hooks/target.ts
var kernelName = string2().regex(/^[A-Za-z_][A-Za-z0-9_.]{0,127}$/, "expected a name as the kernel has it");
var GETPGID = {
  function: "__x64_sys_getpgid",
  /** Called by it; its result may be changed. */
  inner: "security_task_getpgid",
  lsm: "task_getpgid"
};
var ANY_STIMULUS = [
  "getpgid",
  ...STIMULI.map(({ name }) => name).filter((name) => name !== "getpgid")
];

// src/model/hooks/fentry.ts
var fentry = {
  name: "fentry",
  description: "the entry of a kernel function, by a trampoline",
  since: "5.5",
  programTypes: ["tracing"],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: "function",
  loadsFor: "function",
  empty: () => "nop_fentry",
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd)
};

// src/model/hooks/fexit.ts
var fexit = {
  name: "fexit",
  description: "the return of a kernel function, by a trampoline",
  since: "5.5",
  programTypes: ["tracing"],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: "function",
  loadsFor: "function",
  empty: () => "nop_fexit",
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd)
};

// src/model/hooks/flow-dissector.ts
var BPF_FLOW_DISSECTOR = 17;
var flowDissector = {
  name: "flow_dissector",
  description: "which flow a packet is of, in place of the kernel's own dissector, of a network namespace",
  since: "5.8",
  programTypes: ["flow_dissector"],
  options: {},
  variants: [{}],
  empty: () => "nop_flow_dissector",
  stimuli: ["udp_raw"],
  attach: (port, fd) => port.linkToNamespace(fd, "sender", BPF_FLOW_DISSECTOR)
};

// src/model/hooks/fmod-ret.ts
var fmodRet = {
  name: "fmod_ret",
  description: "what a kernel function returns, by a trampoline",
  since: "5.7",
  programTypes: ["tracing"],
  options: { function: kernelName },
  variants: [{ function: GETPGID.inner }],
  sectionSays: "function",
  loadsFor: "function",
  empty: () => "nop_fmod_ret",
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd)
};

// src/model/hooks/iter.ts
var OVER_A_MAP = ["bpf_map_elem", "bpf_sk_storage_map", "sockmap"];
var iter = {
  name: "iter",
  description: "all of the kernel's objects of a kind, or all entries of a map, one by one, while a file is read",
  since: "5.9",
  programTypes: ["tracing"],
  options: { over: kernelName, map: string2().min(1).max(256) },
  variants: [{ over: "bpf_map" }, { over: "task" }],
  sectionSays: "over",
  loadsFor: "over",
  takesMap: ({ over }) => OVER_A_MAP.includes(over),
  empty: () => "nop_iter",
  stimuli: ["iterate"],
  attachesToStimulus: true,
  attach: (port, fd, { map }) => port.giveIterator(fd, map)
};

// src/model/hooks/kprobe.ts
var kprobe = {
  name: "kprobe",
  description: "the entry of a kernel function, by a probe",
  since: "4.17",
  programTypes: ["kprobe"],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: "function",
  empty: () => "nop_kprobe",
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { function: name }) => port.probe(fd, "kprobe", name, "entry")
};

// src/model/hooks/kprobe-multi.ts
var kprobeMulti = {
  name: "kprobe.multi",
  description: "the entry of kernel functions, many by one link",
  since: "5.18",
  builtWith: "CONFIG_FPROBE",
  programTypes: ["kprobe"],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: "function",
  empty: () => "nop_kprobe_multi",
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { function: name }) => port.linkToFunctions(fd, [name])
};

// src/model/hooks/kretprobe.ts
var kretprobe = {
  name: "kretprobe",
  description: "the return of a kernel function, by a probe",
  since: "4.17",
  programTypes: ["kprobe"],
  options: { function: kernelName },
  variants: [{ function: GETPGID.function }],
  sectionSays: "function",
  empty: () => "nop_kprobe",
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { function: name }) => port.probe(fd, "kprobe", name, "return")
};

// src/model/hooks/lsm.ts
var lsm = {
  name: "lsm",
  description: "a hook of the security modules",
  since: "5.7",
  programTypes: ["lsm"],
  options: { check: kernelName },
  variants: [{ check: GETPGID.lsm }],
  sectionSays: "check",
  loadsFor: "check",
  empty: () => "nop_lsm",
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => {
    port.expectSecurityModule("bpf");
    return port.openTracepoint(fd);
  }
};

// src/model/hooks/lwt-in.ts
var lwtIn = {
  name: "lwt_in",
  description: "packets that come in by a route: of the receiver's to its own address",
  since: "4.10",
  builtWith: "CONFIG_LWTUNNEL_BPF",
  programTypes: ["lwt_in"],
  options: {},
  variants: [{}],
  empty: () => "nop_lwt_in",
  drop: () => "drop_lwt_in",
  stimuli: ["udp"],
  attach: (port, fd) => port.routeThrough(fd, "receiver", "in")
};

// src/model/hooks/lwt-out.ts
var lwtOut = {
  name: "lwt_out",
  description: "packets that go out by a route: of the sender's",
  since: "4.10",
  builtWith: "CONFIG_LWTUNNEL_BPF",
  programTypes: ["lwt_out"],
  options: {},
  variants: [{}],
  empty: () => "nop_lwt_out",
  drop: () => "drop_lwt_out",
  stimuli: ["udp"],
  attach: (port, fd) => port.routeThrough(fd, "sender", "out")
};

// src/model/hooks/lwt-xmit.ts
var lwtXmit = {
  name: "lwt_xmit",
  description: "packets that a route gives to its device: of the sender's",
  since: "4.10",
  builtWith: "CONFIG_LWTUNNEL_BPF",
  programTypes: ["lwt_xmit"],
  options: {},
  variants: [{}],
  empty: () => "nop_lwt_xmit",
  drop: () => "drop_lwt_xmit",
  stimuli: ["udp"],
  attach: (port, fd) => port.routeThrough(fd, "sender", "xmit")
};

// src/model/hooks/netfilter.ts
var HOOK_NUMBERS = { pre_routing: 0, local_in: 1, local_out: 3, post_routing: 4 };
var BPF_NETFILTER = 45;
var netfilter = {
  name: "netfilter",
  description: "a hook of the firewall for IPv4: the receiver's (pre_routing, local_in) or the sender's",
  since: "6.4",
  builtWith: "CONFIG_NETFILTER_BPF_LINK",
  programTypes: ["netfilter"],
  options: { at: _enum(Object.keys(HOOK_NUMBERS)) },
  variants: Object.keys(HOOK_NUMBERS).map((at) => ({ at })),
  attachType: () => BPF_NETFILTER,
  empty: () => "nop_netfilter",
  drop: () => "drop_netfilter",
  stimuli: ["udp"],
  attach: (port, fd, { at }) => port.linkToNetfilter(
    fd,
    at === "pre_routing" || at === "local_in" ? "receiver" : "sender",
    HOOK_NUMBERS[at]
  )
};

// src/model/hooks/netkit.ts
var [BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER] = [54, 55];
var netkit = {
  name: "netkit",
  description: "what is sent by one of a pair of netkit devices: by its primary or by the peer",
  since: "6.7",
  builtWith: "CONFIG_NETKIT",
  programTypes: ["sched_cls"],
  options: { device: _enum(["primary", "peer"]) },
  variants: [{ device: "primary" }, { device: "peer" }],
  empty: () => "nop_sched_cls",
  drop: () => "drop_sched_cls",
  stimuli: ["udp_netkit", "udp_netkit_peer"],
  stimulus: ({ device }) => device === "peer" ? "udp_netkit_peer" : "udp_netkit",
  attach: (port, fd, { device }) => port.linkToDevice(fd, "sender", device === "peer" ? BPF_NETKIT_PEER : BPF_NETKIT_PRIMARY)
};

// src/model/hooks/perf-event.ts
var PERF_COUNT_SW_PAGE_FAULTS = 2;
var perfEvent = {
  name: "perf_event",
  description: "the overflow of a software counter: each page fault",
  since: "4.9",
  programTypes: ["perf_event"],
  options: {},
  variants: [{}],
  empty: () => "nop_perf_event",
  stimuli: ["page_fault"],
  attach: (port, fd) => port.sample(fd, PERF_COUNT_SW_PAGE_FAULTS)
};

// src/model/hooks/raw-tp.ts
var rawTp = {
  name: "raw_tp",
  description: "a tracepoint, with its arguments as they are",
  since: "4.17",
  programTypes: ["raw_tracepoint"],
  options: { event: kernelName },
  variants: [{ event: "sys_enter" }],
  sectionSays: "event",
  empty: () => "nop_raw_tracepoint",
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { event }) => port.openTracepoint(fd, event)
};

// src/model/hooks/sk-lookup.ts
var BPF_SK_LOOKUP = 36;
var skLookup = {
  name: "sk_lookup",
  description: "the choice of a socket for what arrives in a network namespace",
  since: "5.9",
  programTypes: ["sk_lookup"],
  options: {},
  variants: [{}],
  attachType: () => BPF_SK_LOOKUP,
  empty: () => "nop_sk_lookup",
  stimuli: ["udp_any", "tcp_connect"],
  attach: (port, fd) => port.linkToNamespace(fd, "receiver", BPF_SK_LOOKUP)
};

// src/model/hooks/sk-msg.ts
var BPF_SK_MSG_VERDICT = 7;
var skMsg = {
  name: "sk_msg",
  description: "messages that a socket of a sockmap sends",
  since: "4.17",
  programTypes: ["sk_msg"],
  options: {},
  variants: [{}],
  empty: () => "nop_sk_msg",
  drop: () => "drop_sk_msg",
  stimuli: ["tcp"],
  attachesToStimulus: true,
  attach: (port, fd) => port.giveSockmap([{ fd, attachType: BPF_SK_MSG_VERDICT }], "sender")
};

// src/model/hooks/sk-reuseport.ts
var skReuseport = {
  name: "sk_reuseport",
  description: "the choice among sockets that share a port",
  since: "4.19",
  programTypes: ["sk_reuseport"],
  options: {},
  variants: [{}],
  empty: () => "nop_sk_reuseport",
  stimuli: ["udp_any"],
  attachesToStimulus: true,
  attach: (port, fd) => port.giveToGroup(fd, "receiver")
};

// src/model/hooks/sk-skb.ts
var [BPF_SK_SKB_STREAM_PARSER, BPF_SK_SKB_STREAM_VERDICT] = [4, 5];
var skSkb = {
  name: "sk_skb",
  description: "the stream that a socket of a sockmap receives; with a parser, the one in the same object is attached, too",
  since: "5.10",
  programTypes: ["sk_skb"],
  options: { mode: _enum(["stream_verdict", "parser_and_verdict"]) },
  variants: [{ mode: "stream_verdict" }, { mode: "parser_and_verdict" }],
  empty: () => "nop_sk_skb",
  drop: () => "drop_sk_skb",
  stimuli: ["tcp"],
  attachesToStimulus: true,
  attach: (port, fd, { mode }) => port.giveSockmap(
    [
      ...mode === "parser_and_verdict" ? [{ fd: port.companion("sk_skb/stream_parser"), attachType: BPF_SK_SKB_STREAM_PARSER }] : [],
      { fd, attachType: BPF_SK_SKB_STREAM_VERDICT }
    ],
    "receiver"
  )
};

// src/model/hooks/socket-filter.ts
var socketFilter = {
  name: "socket_filter",
  description: "packets that arrive at one socket (SO_ATTACH_BPF)",
  since: "3.19",
  programTypes: ["socket_filter"],
  options: {},
  variants: [{}],
  empty: () => "nop_socket_filter",
  drop: () => "drop_socket_filter",
  stimuli: ["udp"],
  attachesToStimulus: true,
  attach: (port, fd) => port.giveToSocket(fd, "receiver")
};

// src/model/hooks/sockops.ts
var BPF_CGROUP_SOCK_OPS = 3;
var sockops = {
  name: "sockops",
  description: "what happens to TCP connections of a cgroup",
  since: "5.7",
  programTypes: ["sock_ops"],
  options: {},
  variants: [{}],
  empty: () => "nop_sock_ops",
  stimuli: ["tcp_connect"],
  attach: (port, fd) => port.linkToCgroup(fd, BPF_CGROUP_SOCK_OPS)
};

// src/model/hooks/struct-ops.ts
var structOps = {
  name: "struct_ops",
  description: "a set of functions that are programs: TCP's congestion control, in place of the kernel's reno",
  since: "5.6",
  programTypes: ["struct_ops"],
  options: {},
  variants: [{}],
  empty: () => "nop_struct_ops",
  stimuli: ["tcp_congestion"],
  attachesToStimulus: true,
  attach: (port) => port.giveCongestionControl("sender")
};

// src/model/hooks/tc.ts
var tc = {
  name: "tc",
  description: "a filter at a device's clsact queueing discipline, with direct action",
  since: "4.5",
  programTypes: ["sched_cls"],
  options: { direction: _enum(["ingress", "egress"]) },
  variants: [{ direction: "ingress" }, { direction: "egress" }],
  empty: () => "nop_sched_cls",
  drop: () => "drop_sched_cls",
  stimuli: ["udp", "tcp"],
  attach: (port, fd, { direction }) => direction === "egress" ? port.filterOnDevice(fd, "sender", "egress") : port.filterOnDevice(fd, "receiver", "ingress")
};

// src/model/hooks/tcx.ts
var [BPF_TCX_INGRESS, BPF_TCX_EGRESS] = [46, 47];
var tcx = {
  name: "tcx",
  description: "a device's receive or send path, linked without a queueing discipline",
  since: "6.6",
  programTypes: ["sched_cls"],
  options: { direction: _enum(["ingress", "egress"]) },
  variants: [{ direction: "ingress" }, { direction: "egress" }],
  empty: () => "nop_sched_cls",
  drop: () => "drop_sched_cls",
  stimuli: ["udp", "tcp"],
  attach: (port, fd, { direction }) => direction === "egress" ? port.linkToDevice(fd, "sender", BPF_TCX_EGRESS) : port.linkToDevice(fd, "receiver", BPF_TCX_INGRESS)
};

// src/model/hooks/tp-btf.ts
var tpBtf = {
  name: "tp_btf",
  description: "a tracepoint, with typed arguments",
  since: "5.5",
  programTypes: ["tracing"],
  options: { event: kernelName },
  variants: [{ event: "sys_enter" }],
  sectionSays: "event",
  loadsFor: "event",
  empty: () => "nop_tp_btf",
  stimuli: ANY_STIMULUS,
  attach: (port, fd) => port.openTracepoint(fd)
};

// src/model/hooks/tracepoint.ts
var tracepoint = {
  name: "tracepoint",
  description: "an event of the kernel, category/name",
  since: "4.7",
  programTypes: ["tracepoint"],
  options: {
    event: string2().regex(/^\w{1,64}\/\w{1,127}$/, "expected 'category/name', as below /sys/kernel/tracing/events")
  },
  variants: [{ event: "raw_syscalls/sys_enter" }],
  sectionSays: "event",
  empty: () => "nop_tracepoint",
  stimuli: ANY_STIMULUS,
  attach: (port, fd, { event }) => port.traceEvent(fd, event)
};

// src/model/hooks/uprobe.ts
var uprobe = {
  name: "uprobe",
  description: "the entry of a function of a process: of one that does nothing",
  since: "4.17",
  programTypes: ["kprobe"],
  options: {},
  variants: [{}],
  empty: () => "nop_kprobe",
  stimuli: ["call"],
  attachesToStimulus: true,
  attach: (port, fd) => port.probe(fd, "uprobe", "tollgate_called", "entry")
};

// src/model/hooks/uretprobe.ts
var uretprobe = {
  name: "uretprobe",
  description: "the return of a function of a process: of one that does nothing",
  since: "4.17",
  programTypes: ["kprobe"],
  options: {},
  variants: [{}],
  empty: () => "nop_kprobe",
  stimuli: ["call"],
  attachesToStimulus: true,
  attach: (port, fd) => port.probe(fd, "uprobe", "tollgate_called", "return")
};

// src/model/hooks/xdp.ts
var BPF_XDP = 37;
var FLAGS = { native: 1 << 2, generic: 1 << 1 };
var xdp = {
  name: "xdp",
  description: "a device's receive path: in its driver (native) or behind it (generic), on veth",
  since: "5.9",
  programTypes: ["xdp"],
  options: { mode: _enum(["native", "generic"]) },
  variants: [{ mode: "native" }, { mode: "generic" }],
  empty: () => "nop_xdp",
  drop: () => "drop_xdp",
  stimuli: ["udp", "tcp"],
  attach: (port, fd, { mode }) => port.linkToDevice(fd, "receiver", BPF_XDP, FLAGS[mode])
};

// src/model/hooks/index.ts
var HOOKS = [
  ...[xdp, tc, tcx, cgroupSkb, socketFilter],
  ...[netfilter, devmap, cpumap, netkit, lwtIn, lwtOut, lwtXmit, flowDissector],
  ...[skLookup, skReuseport, skMsg, skSkb],
  ...[cgroupSock, cgroupSockAddr, sockops, cgroupSockopt, cgroupSysctl, cgroupDevice],
  ...[kprobe, kretprobe, kprobeMulti, fentry, fexit, fmodRet],
  ...[tracepoint, rawTp, tpBtf, lsm, uprobe, uretprobe, perfEvent, structOps, iter]
];
function hookByName(name) {
  return HOOKS.find((hook) => hook.name === name);
}

// src/model/since.ts
function isOlder(release, than) {
  const [a, b] = [release, than].map((text) => text.split(".").map((part) => Number.parseInt(part, 10)));
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}

// src/model/job.ts
var LINES_LIMIT = 5e5;
var IPERF3_REPORT_LIMIT = 256 << 10;

// src/guest/libbpf/ffi.ts
var import_koffi = __toESM(require("./koffi.node"), 1);
function memory(sizeBytes) {
  return Buffer.from(new ArrayBuffer(sizeBytes));
}
function addressOf(bytes) {
  return BigInt(import_koffi.default.address(bytes));
}
function cString(text) {
  const bytes = Buffer.from(text);
  const out = memory(bytes.length + 1);
  bytes.copy(out);
  return out;
}
function errno() {
  return import_koffi.default.errno();
}
function errorName(error2) {
  const code = Math.abs(error2);
  if (code === 524) return "ENOTSUPP";
  return Object.entries(import_koffi.default.os.errno).find(([, value]) => value === code)?.[0] ?? `error ${code}`;
}
function mapShared(fd, sizeBytes, offset) {
  const at = libc().mmap(null, sizeBytes, 3, 1, fd, offset);
  if (at === null || BigInt.asIntN(64, BigInt(at)) === -1n) throw new Error(`mmap: ${errorName(errno())}`);
  return Buffer.from(import_koffi.default.view(at, sizeBytes));
}
var libc = once(() => {
  const library = import_koffi.default.load("libc.so.6");
  return {
    mount: library.func("int mount(const char*, const char*, const char*, ulong, const void*)"),
    mmap: library.func("void* mmap(void*, ulong, int, int, int, long)"),
    syscall4: library.func("long syscall(long, ulong, ulong, ulong)"),
    syscall6: library.func("long syscall(long, ulong, long, long, long, long)"),
    ioctl: library.func("int ioctl(int, ulong, long)"),
    vsnprintf: library.func("int vsnprintf(void*, size_t, void*, void*)")
  };
});
function loadClock(path) {
  const library = import_koffi.default.load(path);
  return {
    gaps: library.func("int tollgate_gaps(ulong, void*, int)"),
    ratio: library.func("void tollgate_clock_ratio(ulong, void*, void*)"),
    align: library.func("ulong tollgate_align(ulong, ulong)"),
    ticks: library.func("ulong tollgate_ticks()"),
    spinUntil: library.func("void tollgate_spin_until(ulong)"),
    runs: library.func("void tollgate_runs(void*, int, void*, int, ulong, ulong, ulong)"),
    markSubject: library.func("void tollgate_mark_subject()")
  };
}
function loadVisitsLibrary(path) {
  const library = import_koffi.default.load(path);
  return {
    open: library.func("long tollgate_visits_open(ulong, void*, ulong, void*)"),
    close: library.func("void tollgate_visits_close(void*, void*)")
  };
}
var LIBBPF = {
  libbpf_version_string: "const char* libbpf_version_string()",
  libbpf_num_possible_cpus: "int libbpf_num_possible_cpus()",
  bpf_object__open_mem: "void* bpf_object__open_mem(void*, size_t, void*)",
  bpf_object__load: "int bpf_object__load(void*)",
  bpf_object__close: "void bpf_object__close(void*)",
  bpf_object__next_program: "void* bpf_object__next_program(void*, void*)",
  bpf_object__next_map: "void* bpf_object__next_map(void*, void*)",
  bpf_program__name: "const char* bpf_program__name(void*)",
  bpf_program__section_name: "const char* bpf_program__section_name(void*)",
  bpf_program__type: "int bpf_program__type(void*)",
  bpf_program__set_type: "int bpf_program__set_type(void*, int)",
  bpf_program__expected_attach_type: "int bpf_program__expected_attach_type(void*)",
  bpf_program__set_expected_attach_type: "int bpf_program__set_expected_attach_type(void*, int)",
  bpf_program__set_attach_target: "int bpf_program__set_attach_target(void*, int, const char*)",
  bpf_program__flags: "uint bpf_program__flags(void*)",
  bpf_program__autoload: "bool bpf_program__autoload(void*)",
  bpf_program__set_autoload: "int bpf_program__set_autoload(void*, bool)",
  bpf_program__fd: "int bpf_program__fd(void*)",
  bpf_program__insn_cnt: "size_t bpf_program__insn_cnt(void*)",
  bpf_program__set_log_level: "int bpf_program__set_log_level(void*, uint)",
  bpf_program__set_log_buf: "int bpf_program__set_log_buf(void*, void*, size_t)",
  bpf_map__name: "const char* bpf_map__name(void*)",
  bpf_map__type: "int bpf_map__type(void*)",
  bpf_map__fd: "int bpf_map__fd(void*)",
  bpf_map__key_size: "uint bpf_map__key_size(void*)",
  bpf_map__value_size: "uint bpf_map__value_size(void*)",
  bpf_map__max_entries: "uint bpf_map__max_entries(void*)",
  bpf_map__set_max_entries: "int bpf_map__set_max_entries(void*, uint)",
  bpf_map__map_flags: "uint bpf_map__map_flags(void*)",
  bpf_map__set_map_flags: "int bpf_map__set_map_flags(void*, uint)",
  bpf_map__set_pin_path: "int bpf_map__set_pin_path(void*, void*)",
  bpf_map__set_autocreate: "int bpf_map__set_autocreate(void*, bool)",
  bpf_map__inner_map: "void* bpf_map__inner_map(void*)",
  bpf_map__attach_struct_ops: "void* bpf_map__attach_struct_ops(void*)",
  bpf_link__destroy: "int bpf_link__destroy(void*)",
  bpf_obj_get_info_by_fd: "int bpf_obj_get_info_by_fd(int, void*, void*)",
  bpf_map_lookup_elem: "int bpf_map_lookup_elem(int, void*, void*)",
  bpf_map_update_elem: "int bpf_map_update_elem(int, void*, void*, uint64)",
  bpf_tc_hook_create: "int bpf_tc_hook_create(void*)",
  bpf_tc_attach: "int bpf_tc_attach(void*, void*)",
  bpf_tc_detach: "int bpf_tc_detach(void*, void*)",
  bpf_prog_load: "int bpf_prog_load(int, const char*, const char*, void*, size_t, void*)"
};
var MESSAGES_CAP = 64 * 1024;
var libbpf = once(() => {
  const library = import_koffi.default.load("libbpf.so.1");
  const functions = Object.fromEntries(
    Object.entries(LIBBPF).map(([name, prototype]) => [name, library.func(prototype)])
  );
  let messages = "";
  const line = memory(4096);
  const print = import_koffi.default.proto("int tollgate_print(int level, void *format, void *list)");
  const callback = import_koffi.default.register((level, format, list) => {
    const size2 = libc().vsnprintf(line, line.length, format, list);
    if (level === 0 && messages.length < MESSAGES_CAP)
      messages += line.toString("utf8", 0, Math.min(Math.max(size2, 0), line.length - 1));
    return size2;
  }, import_koffi.default.pointer(print));
  library.func("void* libbpf_set_print(void*)")(callback);
  return {
    ...functions,
    takeMessages: () => {
      const taken = messages;
      messages = "";
      return taken;
    }
  };
});
function once(make) {
  let made;
  return () => {
    made ??= make();
    return made;
  };
}

// src/guest/libbpf/info.ts
var import_node_fs = require("node:fs");

// src/model/errors.ts
var EXIT = { pass: 0, over: 1, usage: 2, infrastructure: 3 };
var TollgateError = class extends Error {
  name = "TollgateError";
  kind;
  details;
  constructor(kind, message, details = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.details = details;
  }
  get exitCode() {
    return this.kind === "infrastructure" ? EXIT.infrastructure : EXIT.usage;
  }
};
function messageOf(cause) {
  return cause instanceof Error ? cause.message : String(cause);
}

// src/model/hex.ts
var HEX_MAX_BYTES = 65536;
var HEX_PATTERN = /^hex:(?:[0-9a-fA-F]{2})*$/;
function isHex(text) {
  return text.length <= 4 + 2 * HEX_MAX_BYTES && HEX_PATTERN.test(text);
}
function decodeHex(text) {
  if (!isHex(text)) throw new RangeError(`not raw bytes: '${text.slice(0, 40)}'`);
  return Uint8Array.from(text.slice(4).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

// src/model/mapvalue.ts
var MAP_VALUE_PATTERN = /^(?:-?[0-9]{1,40}|0[xX][0-9a-fA-F]{1,64}|hex:(?:[0-9a-fA-F]{2})*)$/;
function encodeMapBytes(text, sizeBytes) {
  if (!MAP_VALUE_PATTERN.test(text)) {
    throw refusal(text, "expected an integer (decimal or 0x...) or 'hex:' and two hexadecimal digits a byte");
  }
  if (isHex(text)) {
    const bytes = decodeHex(text);
    if (bytes.length === sizeBytes) return bytes;
    throw refusal(text, `expected ${sizeBytes} bytes, got ${bytes.length}`);
  }
  const value = BigInt(text);
  const bits = BigInt(8 * sizeBytes);
  const fits = value < 0n ? value >= -(1n << bits - 1n) : value < 1n << bits;
  if (sizeBytes === 0 || !fits) throw refusal(text, `it does not fit in ${sizeBytes} bytes`);
  const unsigned = BigInt.asUintN(Number(bits), value);
  return Uint8Array.from({ length: sizeBytes }, (_, i) => Number(unsigned >> BigInt(8 * i) & 0xffn));
}
function refusal(text, reason) {
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return new TollgateError("config", `Cannot encode map value '${shown}': ${reason}`);
}

// src/guest/libbpf/object.ts
var ObjectRejected = class extends Error {
};
var LOG_STATS = 4;
var LOG_TRACE = 1;
var LOG_VISITS = 2;
var STATS_LOG_BYTES = 64 << 10;
var TRACE_LOG_BYTES = 16 << 20;
var TRACE_SHOWN = 32e3;
var MAP_UPDATE_ANY = 0;
var ZERO_SEED = 64;
var SEEDED_MAP_TYPES = /* @__PURE__ */ new Set([1, 5, 9, 10, 13, 30]);
var UNSPEC = 0;
var PROG_ARRAY = 3;
var PER_CPU_MAP_TYPES = /* @__PURE__ */ new Set([5, 6, 10, 21]);
function findLoadable(job, elf) {
  const refusedPrograms = [];
  const refusedMaps = [];
  for (; ; ) {
    const object = open2(job, elf, { refusedPrograms, refusedMaps });
    const error2 = Number(libbpf().bpf_object__load(object.pointer));
    const messages = libbpf().takeMessages();
    if (error2 === 0) {
      const loadable = { refusedPrograms, refusedMaps, programs: object.programs };
      return { loadable, object: withoutRefused(object, loadable) };
    }
    const failed = whatFailed(messages, object);
    const said2 = textOf(object.programs.find(({ name }) => name === failed?.name)?.log ?? memory(1));
    object.close();
    if (failed?.kind === "map" && !refusedMaps.some((map) => map.name === failed.name))
      refusedMaps.push({ name: failed.name, reason: failed.reason, log: messages });
    else if (failed?.kind === "program" && !refusedPrograms.some((program) => program.name === failed.name))
      refusedPrograms.push(traceRejection(job, elf, failed.name, refusedMaps, { ...failed, said: said2 }));
    else throw new ObjectRejected(messages.trim() || `libbpf cannot load it: ${errorName(error2)}`);
  }
}
function loadObject(job, elf, loadable, setUp) {
  const object = open2(job, elf, loadable);
  const error2 = Number(libbpf().bpf_object__load(object.pointer));
  const messages = libbpf().takeMessages();
  if (error2 !== 0) {
    object.close();
    throw new ObjectRejected(messages.trim() || `libbpf cannot load it: ${errorName(error2)}`);
  }
  const loaded = withoutRefused(object, loadable);
  try {
    if (setUp) setUpObject(loaded, loadable, setUp);
  } catch (cause) {
    loaded.close();
    throw cause;
  }
  return loaded;
}
function setUpObject(loaded, { refusedPrograms }, setUp) {
  fillMaps(setUp, loaded);
  fillTailCalls(setUp, loaded, new Set(refusedPrograms.map((program) => program.name)));
}
function withoutRefused(object, { refusedPrograms, refusedMaps }) {
  const programs = new Set(refusedPrograms.map((program) => program.name));
  const maps = new Set(refusedMaps.map((map) => map.name));
  return {
    programs: object.programs.filter((program) => !programs.has(program.name)),
    maps: object.maps.filter((map) => !maps.has(map.name)),
    canTailCall: object.canTailCall,
    close: object.close
  };
}
function open2(job, elf, leaveOut) {
  const bpf2 = libbpf();
  bpf2.takeMessages();
  const name = cString(job.object.replace(/^.*\//, "").replace(/(\.bpf)?\.o$/, ""));
  const options = memory(16);
  options.writeBigUInt64LE(16n, 0);
  options.writeBigUInt64LE(addressOf(name), 8);
  const pointer = bpf2.bpf_object__open_mem(elf, elf.length, options);
  if (pointer === null) throw new ObjectRejected(bpf2.takeMessages().trim() || "libbpf cannot open it");
  const programs = listPrograms(pointer);
  const maps = listMaps(pointer);
  const withoutProgram = new Set(leaveOut.refusedPrograms.map((program) => program.name));
  const withoutMap = new Set(leaveOut.refusedMaps.map((map) => map.name));
  for (const program of programs) {
    const wanted = job.programs.find((candidate) => candidate.name === program.name);
    if (wanted?.type && (!wanted.type.onlyIfUnknown || program.typeId === UNSPEC)) {
      bpf2.bpf_program__set_type(program.pointer, wanted.type.id);
      if (wanted.type.expectedAttachType !== void 0)
        bpf2.bpf_program__set_expected_attach_type(program.pointer, wanted.type.expectedAttachType);
    }
    if (wanted?.loadedFor !== void 0) setLoadedFor(program, wanted.loadedFor);
    if (withoutProgram.has(program.name)) bpf2.bpf_program__set_autoload(program.pointer, false);
    else bpf2.bpf_program__set_autoload(program.pointer, true);
    bpf2.bpf_program__set_log_level(program.pointer, LOG_STATS);
    bpf2.bpf_program__set_log_buf(program.pointer, program.log, program.log.length);
  }
  for (const map of maps) {
    setZeroSeed(map.pointer);
    bpf2.bpf_map__set_pin_path(map.pointer, null);
    const size2 = job.mapSizes[map.name];
    if (size2 !== void 0) bpf2.bpf_map__set_max_entries(map.pointer, size2);
    if (withoutMap.has(map.name)) bpf2.bpf_map__set_autocreate(map.pointer, false);
  }
  return {
    pointer,
    programs: programs.map((program) => ({
      ...program,
      typeId: bpf2.bpf_program__type(program.pointer),
      expectedAttachType: bpf2.bpf_program__expected_attach_type(program.pointer)
    })),
    maps,
    canTailCall: maps.some(({ pointer: pointer2 }) => Number(bpf2.bpf_map__type(pointer2)) === PROG_ARRAY),
    close: () => bpf2.bpf_object__close(pointer)
  };
}
function setLoadedFor({ pointer, name }, target) {
  const error2 = Number(libbpf().bpf_program__set_attach_target(pointer, 0, target));
  if (error2 !== 0)
    throw new ObjectRejected(`'${name}' cannot be loaded for '${target}': ${errorName(error2)}`);
}
function listPrograms(object) {
  const bpf2 = libbpf();
  const found = [];
  for (let at = null; ; ) {
    at = bpf2.bpf_object__next_program(object, at);
    if (at === null) return found;
    found.push({
      pointer: at,
      name: bpf2.bpf_program__name(at),
      section: bpf2.bpf_program__section_name(at),
      typeId: bpf2.bpf_program__type(at),
      expectedAttachType: bpf2.bpf_program__expected_attach_type(at),
      flags: bpf2.bpf_program__flags(at),
      log: memory(STATS_LOG_BYTES)
    });
  }
}
function listMaps(object) {
  const bpf2 = libbpf();
  const found = [];
  for (let at = null; ; ) {
    at = bpf2.bpf_object__next_map(object, at);
    if (at === null) return found;
    found.push({ pointer: at, name: bpf2.bpf_map__name(at) });
  }
}
function setZeroSeed(map) {
  const bpf2 = libbpf();
  if (SEEDED_MAP_TYPES.has(bpf2.bpf_map__type(map)))
    bpf2.bpf_map__set_map_flags(map, bpf2.bpf_map__map_flags(map) | ZERO_SEED);
  const inner = bpf2.bpf_map__inner_map(map);
  if (inner !== null) setZeroSeed(inner);
}
function whatFailed(messages, object) {
  for (const line of messages.split("\n")) {
    const map = /map '([^']+)': failed to create(?:[^:]*): (.*)$/.exec(line);
    if (map?.[1] && object.maps.some((candidate) => candidate.name === map[1]))
      return { kind: "map", name: map[1], reason: `map '${map[1]}' cannot be created: ${map[2]}` };
    const program = /prog '([^']+)': (.*)$/.exec(line);
    if (program?.[1] && object.programs.some((candidate) => candidate.name === program[1]))
      return { kind: "program", name: program[1], reason: program[2] ?? "" };
  }
  return void 0;
}
function traceRejection(job, elf, name, refusedMaps, { reason, said: said2 }) {
  const log = memory(TRACE_LOG_BYTES);
  const { messages } = loadAlone(job, elf, name, refusedMaps, LOG_TRACE, {
    address: addressOf(log),
    sizeBytes: log.length
  });
  const trace = textOf(log);
  const isCut = trace.length >= log.length - 2;
  return { name, reason, log: isCut ? `${trace.slice(-TRACE_SHOWN)}
${said2}` : trace || messages };
}
function traceVisits(job, elf, name, refusedMaps, log) {
  return loadAlone(job, elf, name, refusedMaps, LOG_VISITS | LOG_STATS, log).isLoaded;
}
function loadAlone(job, elf, name, refusedMaps, level, log) {
  const bpf2 = libbpf();
  const object = open2(job, elf, { refusedPrograms: [], refusedMaps });
  for (const program of object.programs) {
    if (program.name !== name) bpf2.bpf_program__set_autoload(program.pointer, false);
    else {
      bpf2.bpf_program__set_log_level(program.pointer, level);
      bpf2.bpf_program__set_log_buf(program.pointer, log.address, log.sizeBytes);
    }
  }
  const isLoaded = Number(bpf2.bpf_object__load(object.pointer)) === 0;
  const messages = bpf2.takeMessages();
  object.close();
  return { isLoaded, messages };
}
function textOf(bytes) {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}
function fillMaps(setUp, object) {
  const bpf2 = libbpf();
  for (const [name, entries] of Object.entries(setUp.maps)) {
    const map = object.maps.find((candidate) => candidate.name === name);
    if (!map) continue;
    const keySize = bpf2.bpf_map__key_size(map.pointer);
    const valueSize = bpf2.bpf_map__value_size(map.pointer);
    const perCpu = PER_CPU_MAP_TYPES.has(bpf2.bpf_map__type(map.pointer));
    const copies = perCpu ? Number(bpf2.libbpf_num_possible_cpus()) : 1;
    const stride = perCpu ? Math.ceil(valueSize / 8) * 8 : valueSize;
    for (const [keyText, valueText] of entries) {
      const key = memory(keySize);
      key.set(encodeMapBytes(keyText, keySize));
      const value = memory(stride * copies);
      for (let copy = 0; copy < copies; copy++)
        value.set(encodeMapBytes(valueText, valueSize), copy * stride);
      const error2 = Number(bpf2.bpf_map_update_elem(bpf2.bpf_map__fd(map.pointer), key, value, MAP_UPDATE_ANY));
      if (error2 !== 0)
        throw new ObjectRejected(`map '${name}' does not take key ${keyText}: ${errorName(error2)}`);
    }
  }
}
function fillTailCalls(setUp, object, refused) {
  const bpf2 = libbpf();
  for (const [mapName, slots] of Object.entries(setUp.tailCalls)) {
    const map = object.maps.find((candidate) => candidate.name === mapName);
    if (!map) continue;
    if (bpf2.bpf_map__type(map.pointer) !== PROG_ARRAY)
      throw new ObjectRejected(`map '${mapName}' is no prog array: tail_calls cannot fill it`);
    for (const [slot, programName] of Object.entries(slots)) {
      if (refused.has(programName)) continue;
      const program = object.programs.find((candidate) => candidate.name === programName);
      if (!program) throw new ObjectRejected(`tail_calls: the object has no program '${programName}'`);
      const key = memory(4);
      key.writeUInt32LE(Number(slot));
      const value = memory(4);
      value.writeUInt32LE(bpf2.bpf_program__fd(program.pointer));
      const error2 = Number(bpf2.bpf_map_update_elem(bpf2.bpf_map__fd(map.pointer), key, value, MAP_UPDATE_ANY));
      if (error2 !== 0)
        throw new ObjectRejected(
          `'${mapName}' slot ${slot} does not take '${programName}': ${errorName(error2)}`
        );
    }
  }
}

// src/guest/libbpf/info.ts
var INFO_BYTES = 232;
var JITED_LENGTH = 16;
var XLATED_LENGTH = 20;
var JITED_ADDRESS = 24;
var XLATED_ADDRESS = 32;
var MAP_COUNT = 52;
var MAP_IDS = 56;
var KSYM_COUNT = 104;
var FUNCTION_LENGTH_COUNT = 108;
var KSYMS = 112;
var FUNCTION_LENGTHS = 120;
var LINE_COUNT = 148;
var LINES = 152;
var JITED_LINES = 160;
var JITED_LINE_COUNT = 168;
var LINE_RECORD_SIZE = 172;
var JITED_LINE_RECORD_SIZE = 176;
var RUN_TIME_NS = 192;
var RUN_COUNT = 200;
var LINE_BYTES = 16;
var LINE_COL = 12;
var MAP_INFO_BYTES = 88;
var MAP_NAME = 24;
var TYPE = 0;
var NAME = 64;
var NAME_BYTES = 16;
var VERIFIED_INSNS = 216;
var INSN_BYTES = 8;
var SYS_BPF = 321;
var BPF_OBJ_GET = 7;
var BPF_PROG_GET_NEXT_ID = 11;
var BPF_PROG_GET_FD_BY_ID = 13;
var BPF_MAP_GET_FD_BY_ID = 14;
function programInfo(fd) {
  const sizes = getInfo(fd, memory(INFO_BYTES));
  const jited = memory(Math.max(1, sizes.readUInt32LE(JITED_LENGTH)));
  const xlated = memory(Math.max(1, sizes.readUInt32LE(XLATED_LENGTH)));
  const mapCount = sizes.readUInt32LE(MAP_COUNT);
  const mapIds = memory(Math.max(4, mapCount * 4));
  const info = memory(INFO_BYTES);
  info.writeUInt32LE(sizes.readUInt32LE(JITED_LENGTH), JITED_LENGTH);
  info.writeBigUInt64LE(addressOf(jited), JITED_ADDRESS);
  info.writeUInt32LE(sizes.readUInt32LE(XLATED_LENGTH), XLATED_LENGTH);
  info.writeBigUInt64LE(addressOf(xlated), XLATED_ADDRESS);
  info.writeUInt32LE(mapCount, MAP_COUNT);
  info.writeBigUInt64LE(addressOf(mapIds), MAP_IDS);
  getInfo(fd, info);
  return {
    jited: jited.subarray(0, info.readUInt32LE(JITED_LENGTH)),
    xlated: xlated.subarray(0, info.readUInt32LE(XLATED_LENGTH)),
    maps: Array.from({ length: mapCount }, (_, i) => mapOf(mapIds.readUInt32LE(i * 4)))
  };
}
function programFacts(fd) {
  const info = getInfo(fd, memory(INFO_BYTES));
  return {
    typeId: info.readUInt32LE(TYPE),
    name: textOf(info.subarray(NAME, NAME + NAME_BYTES)),
    insnCount: info.readUInt32LE(XLATED_LENGTH) / INSN_BYTES,
    verifiedInsns: info.readUInt32LE(VERIFIED_INSNS) || void 0
  };
}
function programIds() {
  const ids = [];
  for (; ; ) {
    const attr = memory(16);
    attr.writeUInt32LE(ids.at(-1) ?? 0);
    if (libc().syscall4(SYS_BPF, BPF_PROG_GET_NEXT_ID, addressOf(attr), attr.length) < 0) return ids;
    ids.push(attr.readUInt32LE(4));
  }
}
function programById(id) {
  const attr = memory(16);
  attr.writeUInt32LE(id);
  return fdOrNone(libc().syscall4(SYS_BPF, BPF_PROG_GET_FD_BY_ID, addressOf(attr), attr.length));
}
function programByPin(path) {
  const attr = memory(16);
  const name = cString(path);
  attr.writeBigUInt64LE(addressOf(name));
  return fdOrNone(libc().syscall4(SYS_BPF, BPF_OBJ_GET, addressOf(attr), attr.length));
}
function fdOrNone(result) {
  return Number(result) < 0 ? void 0 : Number(result);
}
function programImages(fd, linesLimit) {
  const sizes = getInfo(fd, memory(INFO_BYTES));
  const count = sizes.readUInt32LE(KSYM_COUNT);
  const found = sizes.readUInt32LE(JITED_LINE_COUNT);
  const lineCount = found === sizes.readUInt32LE(LINE_COUNT) && found <= linesLimit ? found : 0;
  const addresses = memory(Math.max(8, 8 * count));
  const lengths = memory(Math.max(4, 4 * count));
  const lines = memory(Math.max(LINE_BYTES, LINE_BYTES * lineCount));
  const jitedLines = memory(Math.max(8, 8 * lineCount));
  const info = memory(INFO_BYTES);
  info.writeUInt32LE(count, KSYM_COUNT);
  info.writeUInt32LE(count, FUNCTION_LENGTH_COUNT);
  info.writeBigUInt64LE(addressOf(addresses), KSYMS);
  info.writeBigUInt64LE(addressOf(lengths), FUNCTION_LENGTHS);
  info.writeUInt32LE(lineCount, LINE_COUNT);
  info.writeUInt32LE(lineCount, JITED_LINE_COUNT);
  info.writeBigUInt64LE(addressOf(lines), LINES);
  info.writeBigUInt64LE(addressOf(jitedLines), JITED_LINES);
  info.writeUInt32LE(LINE_BYTES, LINE_RECORD_SIZE);
  info.writeUInt32LE(8, JITED_LINE_RECORD_SIZE);
  getInfo(fd, info);
  const at = Array.from({ length: lineCount }, (_, i) => jitedLines.readBigUInt64LE(8 * i));
  return Array.from({ length: count }, (_, part) => {
    const address = addresses.readBigUInt64LE(8 * part);
    const sizeBytes = lengths.readUInt32LE(4 * part);
    return {
      address,
      sizeBytes,
      lines: at.flatMap(
        (line, i) => line >= address && line < address + BigInt(sizeBytes) ? [{ lineCol: lines.readUInt32LE(LINE_BYTES * i + LINE_COL), offset: Number(line - address) }] : []
      )
    };
  });
}
function programStats(fd) {
  const info = getInfo(fd, memory(INFO_BYTES));
  return {
    hits: Number(info.readBigUInt64LE(RUN_COUNT)),
    ns: Number(info.readBigUInt64LE(RUN_TIME_NS))
  };
}
function getInfo(fd, info) {
  const size2 = memory(4);
  size2.writeUInt32LE(info.length);
  const error2 = Number(libbpf().bpf_obj_get_info_by_fd(fd, info, size2));
  if (error2 !== 0) throw new Error(`bpf_obj_get_info_by_fd: ${errorName(error2)}`);
  return info;
}
function mapOf(id) {
  const attr = memory(16);
  attr.writeUInt32LE(id);
  const fd = Number(libc().syscall4(SYS_BPF, BPF_MAP_GET_FD_BY_ID, addressOf(attr), attr.length));
  if (fd < 0) return { name: `id ${id}`, bytes: void 0 };
  const name = textOf(getInfo(fd, memory(MAP_INFO_BYTES)).subarray(MAP_NAME, MAP_NAME + 16));
  const accounted = /^memlock:\s*(\d+)$/m.exec((0, import_node_fs.readFileSync)(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
  closeFd(fd);
  return { name, bytes: accounted === void 0 ? void 0 : Number(accounted) };
}
var SYS_CLOSE = 3;
function closeFd(fd) {
  libc().syscall4(SYS_CLOSE, fd, 0, 0);
}

// src/guest/code.ts
function imagesOf(object, entry) {
  return reachable(object, entry).flatMap(
    (program) => programImages(libbpf().bpf_program__fd(program.pointer), 0).map(({ address, sizeBytes }, part) => ({
      program: program.name,
      part,
      address,
      sizeBytes
    }))
  );
}
function reachable(object, entry) {
  return object.canTailCall ? [entry, ...object.programs.filter((each) => each !== entry)] : [entry];
}
function textOfImage({ address, ...image }) {
  return { ...image, address: address.toString(16) };
}
function reportLines(channel, object, programs) {
  const wanted = (name) => object.canTailCall || programs.includes(name);
  for (const { pointer, name } of object.programs.filter((each) => wanted(each.name)))
    for (const [part, image] of programImages(libbpf().bpf_program__fd(pointer), LINES_LIMIT).entries())
      channel.send({
        type: "lines",
        program: name,
        part,
        sizeBytes: image.sizeBytes,
        lines: image.lines.flatMap(({ lineCol, offset }) => [lineCol, offset])
      });
}

// src/guest/command.ts
var import_node_fs2 = require("node:fs");
var import_node_path = require("node:path");
function putCommand(window, folder, { files, command, env }) {
  (0, import_node_fs2.mkdirSync)(folder);
  for (const { path: path2, isExecutable, bytes } of files) {
    const to = (0, import_node_path.join)(folder, path2);
    (0, import_node_fs2.mkdirSync)((0, import_node_path.dirname)(to), { recursive: true });
    (0, import_node_fs2.writeFileSync)(to, blobIn(window, bytes), { mode: isExecutable ? 493 : 420 });
  }
  const [program, ...args] = command;
  const path = [folder, "/bin"];
  return {
    argv: [pathOf(program, path), ...args],
    cwd: folder,
    env: { PATH: path.join(":"), LD_LIBRARY_PATH: (0, import_node_path.join)(folder, "lib"), HOME: folder, ...env }
  };
}
function pathOf(program, path) {
  if (program.includes("/")) return program;
  return path.map((folder) => (0, import_node_path.join)(folder, program)).find((each) => (0, import_node_fs2.existsSync)(each)) ?? program;
}

// src/guest/libbpf/attach.ts
var import_node_fs5 = require("node:fs");

// src/guest/libbpf/route.ts
var import_node_fs3 = require("node:fs");
function setRoute({ index, address, isLocal, program }) {
  const kind = isLocal ? { table: RT_TABLE_LOCAL, protocol: RTPROT_KERNEL, scope: RT_SCOPE_HOST, type: RTN_LOCAL } : { table: RT_TABLE_MAIN, protocol: RTPROT_STATIC, scope: RT_SCOPE_LINK, type: RTN_UNICAST };
  const route2 = Buffer.from([
    AF_INET,
    32,
    0,
    0,
    kind.table,
    kind.protocol,
    kind.scope,
    kind.type,
    0,
    0,
    0,
    0
  ]);
  const attributes = [
    attribute(RTA_DST, Buffer.from(address)),
    attribute(RTA_OIF, u32(index)),
    ...program ? tunnel(program.fd, program.at) : []
  ];
  const body = Buffer.concat([route2, ...attributes]);
  const flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE | NLM_F_CREATE;
  const header = Buffer.alloc(NLMSG_HEADER_BYTES);
  header.writeUInt32LE(header.length + body.length, 0);
  header.writeUInt16LE(RTM_NEWROUTE, 4);
  header.writeUInt16LE(flags, 6);
  const error2 = exchange(Buffer.concat([header, body]));
  if (error2 !== 0) throw new HookRefused(`the kernel does not set such a route: ${errorName(error2)}`);
}
var AF_INET = 2;
var [RT_TABLE_MAIN, RT_TABLE_LOCAL] = [254, 255];
var [RTPROT_KERNEL, RTPROT_STATIC] = [2, 4];
var [RT_SCOPE_LINK, RT_SCOPE_HOST] = [253, 254];
var [RTN_UNICAST, RTN_LOCAL] = [1, 2];
var [RTA_DST, RTA_OIF, RTA_ENCAP_TYPE, RTA_ENCAP] = [1, 4, 21, 22];
var LWTUNNEL_ENCAP_BPF = 6;
var LWT_BPF = { in: 1, out: 2, xmit: 3 };
var [LWT_BPF_PROG_FD, LWT_BPF_PROG_NAME] = [1, 2];
var RTM_NEWROUTE = 24;
var [NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_CREATE] = [1, 4, 256, 1024];
var NLMSG_HEADER_BYTES = 16;
function tunnel(fd, at) {
  const program = [attribute(LWT_BPF_PROG_FD, u32(fd)), attribute(LWT_BPF_PROG_NAME, Buffer.from("lwt\0"))];
  return [
    attribute(RTA_ENCAP_TYPE, Buffer.from([LWTUNNEL_ENCAP_BPF, 0])),
    attribute(RTA_ENCAP, attribute(LWT_BPF[at], Buffer.concat(program)))
  ];
}
function attribute(type, data) {
  const out = Buffer.alloc(4 + 4 * Math.ceil(data.length / 4));
  out.writeUInt16LE(4 + data.length, 0);
  out.writeUInt16LE(type, 2);
  data.copy(out, 4);
  return out;
}
function u32(value) {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}
var SYS_SOCKET = 41;
var [AF_NETLINK, SOCK_RAW, NETLINK_ROUTE] = [16, 3, 0];
function exchange(message) {
  const socket = Number(libc().syscall4(SYS_SOCKET, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  if (socket < 0) throw new Error(`netlink: ${errorName(errno())}`);
  try {
    (0, import_node_fs3.writeSync)(socket, message);
    const answer = Buffer.alloc(4096);
    (0, import_node_fs3.readSync)(socket, answer);
    return answer.readInt32LE(NLMSG_HEADER_BYTES);
  } finally {
    (0, import_node_fs3.closeSync)(socket);
  }
}

// src/guest/libbpf/trace.ts
var import_node_fs4 = require("node:fs");
var SYS_BPF2 = 321;
var BPF_RAW_TRACEPOINT_OPEN = 17;
var BPF_LINK_CREATE = 28;
var BPF_TRACE_KPROBE_MULTI = 42;
var EVENTS = "/sys/kernel/tracing/events";
var SECURITY_MODULES = "/sys/kernel/security/lsm";
function tracePort(helper) {
  return {
    openTracepoint: (fd, name) => {
      const text = cString(name ?? "");
      const attr = memory(64);
      attr.writeBigUInt64LE(name === void 0 ? 0n : addressOf(text), 0);
      attr.writeUInt32LE(fd, 8);
      return bpf(BPF_RAW_TRACEPOINT_OPEN, attr);
    },
    traceEvent: (fd, event) => {
      const id = readFact(`${EVENTS}/${event}/id`, `no event '${event}'`);
      return openEvent(fd, { type: PERF_TYPE_TRACEPOINT, config: BigInt(id) });
    },
    probe: (fd, kind, name, at) => {
      const type = Number(readFact(`/sys/bus/event_source/devices/${kind}/type`, `no ${kind} to open`));
      const config2 = at === "return" ? 1n : 0n;
      const where = cString(kind === "kprobe" ? name : helper);
      const offset = kind === "kprobe" ? 0n : offsetOf((0, import_node_fs4.readFileSync)(helper), name);
      return openEvent(fd, { type, config: config2, config1: addressOf(where), config2: offset });
    },
    sample: (fd, counter) => openEvent(fd, { type: PERF_TYPE_SOFTWARE, config: BigInt(counter), period: 1n }),
    linkToFunctions: (fd, names) => {
      const texts = names.map(cString);
      const pointers = memory(8 * texts.length);
      for (const [i, text] of texts.entries()) pointers.writeBigUInt64LE(addressOf(text), 8 * i);
      const attr = memory(64);
      attr.writeUInt32LE(fd, 0);
      attr.writeUInt32LE(BPF_TRACE_KPROBE_MULTI, 8);
      attr.writeUInt32LE(names.length, 20);
      attr.writeBigUInt64LE(addressOf(pointers), 24);
      return bpf(BPF_LINK_CREATE, attr);
    },
    expectSecurityModule: (name) => {
      const there = readFact(SECURITY_MODULES, "no security modules");
      if (!there.split(",").includes(name))
        throw new HookRefused(`this kernel starts without '${name}' among its security modules (${there})`);
    }
  };
}
function bpf(command, attr) {
  const fd = libc().syscall4(SYS_BPF2, command, addressOf(attr), attr.length);
  if (fd < 0) throw new HookRefused(`the kernel does not attach it: ${errorName(errno())}`);
  return () => (0, import_node_fs4.closeSync)(Number(fd));
}
function readFact(path, reason) {
  try {
    return (0, import_node_fs4.readFileSync)(path, "utf8").trim();
  } catch (cause) {
    throw new HookRefused(`this kernel has ${reason}`, { cause });
  }
}
var SYS_PERF_EVENT_OPEN = 298;
var PERF_TYPE_SOFTWARE = 1;
var PERF_TYPE_TRACEPOINT = 2;
var PERF_EVENT_IOC_ENABLE = 9216;
var PERF_EVENT_IOC_SET_BPF = 1074013192;
var PERF_ATTR_BYTES = 112;
var PERF_FLAG_FD_CLOEXEC = 8;
function sampleClock(program, processor, hz) {
  return openEvent(program, {
    type: PERF_TYPE_SOFTWARE,
    config: PERF_COUNT_SW_CPU_CLOCK,
    period: BigInt(hz),
    isFrequency: true,
    processor
  });
}
var PERF_COUNT_SW_CPU_CLOCK = 0n;
var FREQUENCY_BIT = 1 << 2;
function openEvent(program, { type, config: config2, period = 0n, config1 = 0n, config2: config22 = 0n, isFrequency = false, processor = 0 }) {
  const attr = memory(PERF_ATTR_BYTES);
  attr.writeUInt32LE(type, 0);
  attr.writeUInt32LE(PERF_ATTR_BYTES, 4);
  attr.writeBigUInt64LE(config2, 8);
  attr.writeBigUInt64LE(period, 16);
  attr.writeUInt8(1, 40);
  if (isFrequency) attr.writeUInt8(FREQUENCY_BIT, 41);
  attr.writeBigUInt64LE(config1, 56);
  attr.writeBigUInt64LE(config22, 64);
  const event = Number(
    libc().syscall6(SYS_PERF_EVENT_OPEN, addressOf(attr), -1, processor, -1, PERF_FLAG_FD_CLOEXEC)
  );
  if (event < 0) throw new HookRefused(`the kernel does not open the event: ${errorName(errno())}`);
  for (const [request, argument] of [
    [PERF_EVENT_IOC_SET_BPF, program],
    [PERF_EVENT_IOC_ENABLE, 0]
  ])
    if (libc().ioctl(event, request, argument) < 0) {
      const error2 = errorName(errno());
      (0, import_node_fs4.closeSync)(event);
      throw new HookRefused(`the kernel does not attach it: ${error2}`);
    }
  return () => (0, import_node_fs4.closeSync)(event);
}
function offsetOf(elf, name) {
  const address = elf.readBigUInt64LE(elf.indexOf(`${name}\0`) + 16);
  for (let i = 0; i < elf.readUInt16LE(56); i++) {
    const header = Number(elf.readBigUInt64LE(32)) + 56 * i;
    const [offset, start2, size2] = [8, 16, 32].map((at) => elf.readBigUInt64LE(header + at));
    if (address >= start2 && address < start2 + size2) return address - start2 + offset;
  }
  throw new Error(`no function '${name}'`);
}

// src/guest/libbpf/attach.ts
var EEXIST = -17;
var SYS_BPF3 = 321;
var SYS_SETNS = 308;
var SYS_UNSHARE = 272;
var CLONE_NEWNET = 1073741824;
var BPF_MAP_CREATE = 0;
var BPF_PROG_ATTACH = 8;
var BPF_LINK_CREATE2 = 28;
var BPF_MAP_TYPE_SOCKMAP = 15;
var BPF_MAP_TYPE_STRUCT_OPS = 26;
var BPF_TRACE_ITER = 28;
var BPF_NETFILTER2 = 45;
var NFPROTO_IPV4 = 2;
var RECEIVER_ADDRESS = [198, 51, 100, 2];
var CONGESTION_CONTROLS = "/proc/sys/net/ipv4/tcp_available_congestion_control";
var ROOT_CGROUP = "/sys/fs/cgroup";
var OWN_NAMESPACE = "/proc/self/ns/net";
function hookPort({ places, helper, give, object, mapsOf = object, redirect }) {
  const giveFor = (gift) => {
    give(gift);
    return () => give(void 0);
  };
  return {
    linkToDevice: (fd, side, attachType, flags = 0) => inNamespace(places[side].namespaceFd, () => createLink(fd, places[side].index, attachType, flags)),
    linkToCgroup: (fd, attachType) => {
      const cgroup = (0, import_node_fs5.openSync)(ROOT_CGROUP, "r");
      try {
        return createLink(fd, cgroup, attachType, 0);
      } finally {
        (0, import_node_fs5.closeSync)(cgroup);
      }
    },
    filterOnDevice: (fd, side, direction) => inNamespace(places[side].namespaceFd, () => createFilter(fd, places[side], direction)),
    linkToNetfilter: (fd, side, hookNumber) => inNamespace(
      places[side].namespaceFd,
      () => createLink(fd, 0, BPF_NETFILTER2, 0, [NFPROTO_IPV4, hookNumber])
    ),
    routeThrough: (fd, side, at) => {
      const { index, namespaceFd } = places[side];
      const route2 = { index, address: RECEIVER_ADDRESS, isLocal: side === "receiver" };
      inNamespace(namespaceFd, () => setRoute({ ...route2, program: { fd, at } }));
      return () => inNamespace(namespaceFd, () => setRoute(route2));
    },
    putIntoRedirect: (fd) => {
      if (!redirect) throw new HookRefused("nothing redirects packets here");
      redirect(fd);
      return () => redirect(-1);
    },
    linkToNamespace: (fd, side, attachType) => createLink(fd, places[side].namespaceFd, attachType, 0),
    giveToSocket: (fd, side) => giveFor({ fd, kind: "socket", to: side }),
    giveToGroup: (fd, side) => giveFor({ fd, kind: "reuseport", to: side }),
    giveSockmap: (programs, side) => {
      const map = createSockmap();
      for (const { fd, attachType } of programs) attachToMap(fd, map, attachType);
      const takeBack = giveFor({ fd: map, kind: "sockmap", to: side });
      return () => {
        takeBack();
        (0, import_node_fs5.closeSync)(map);
      };
    },
    giveCongestionControl: (side) => {
      const [name, unregister] = registerCongestionControl(object());
      const takeBack = giveFor({ kind: "congestion", name, to: side });
      return () => {
        takeBack();
        unregister();
      };
    },
    giveIterator: (fd, map) => {
      const link = map === void 0 ? openLink(fd, 0, BPF_TRACE_ITER, 0) : iterateOver(fd, map, mapsOf());
      const takeBack = giveFor({ fd: link, kind: "iterator", to: "receiver" });
      return () => {
        takeBack();
        (0, import_node_fs5.closeSync)(link);
      };
    },
    companion: (section) => {
      const found = object()?.programs.find((program) => program.section === section);
      if (!found) throw new HookRefused(`the object has no program in section '${section}'`);
      return libbpf().bpf_program__fd(found.pointer);
    },
    ...tracePort(helper)
  };
}
function newNamespace() {
  const own2 = (0, import_node_fs5.openSync)(OWN_NAMESPACE, "r");
  try {
    must(libc().syscall4(SYS_UNSHARE, CLONE_NEWNET, 0, 0), "unshare");
    const fd = (0, import_node_fs5.openSync)(OWN_NAMESPACE, "r");
    must(libc().syscall4(SYS_SETNS, own2, CLONE_NEWNET, 0), "setns");
    return fd;
  } finally {
    (0, import_node_fs5.closeSync)(own2);
  }
}
function inNamespace(fd, work) {
  const own2 = (0, import_node_fs5.openSync)(OWN_NAMESPACE, "r");
  try {
    must(libc().syscall4(SYS_SETNS, fd, CLONE_NEWNET, 0), "setns");
    return work();
  } finally {
    must(libc().syscall4(SYS_SETNS, own2, CLONE_NEWNET, 0), "setns");
    (0, import_node_fs5.closeSync)(own2);
  }
}
function createLink(...of) {
  const link = openLink(...of);
  return () => (0, import_node_fs5.closeSync)(link);
}
function openLink(fd, target, attachType, flags, ofType = []) {
  const attr = memory(64);
  for (const [i, value] of [fd, target, attachType, flags, ...ofType].entries())
    attr.writeUInt32LE(value, 4 * i);
  const link = libc().syscall4(SYS_BPF3, BPF_LINK_CREATE2, addressOf(attr), attr.length);
  if (link < 0) throw new HookRefused(`the kernel does not attach it: ${errorName(errno())}`);
  return Number(link);
}
function iterateOver(fd, name, object) {
  const map = object?.maps.find((each) => each.name === name);
  if (!map) throw new HookRefused(`the kernel does not make map '${name}'`);
  const info = memory(4);
  info.writeUInt32LE(Number(libbpf().bpf_map__fd(map.pointer)));
  const at = addressOf(info);
  return openLink(fd, 0, BPF_TRACE_ITER, 0, [Number(at & 0xffffffffn), Number(at >> 32n), info.length]);
}
function registerCongestionControl(object) {
  const bpf2 = libbpf();
  const map = object?.maps.find(
    ({ pointer }) => Number(bpf2.bpf_map__type(pointer)) === BPF_MAP_TYPE_STRUCT_OPS
  );
  if (!map) throw new HookRefused("the object has no struct_ops map that the kernel takes");
  const before = congestionControls();
  const link = bpf2.bpf_map__attach_struct_ops(map.pointer);
  if (link === null)
    throw new HookRefused(`the kernel does not register '${map.name}': ${errorName(errno())}`);
  const unregister = () => void bpf2.bpf_link__destroy(link);
  const name = congestionControls().find((each) => !before.includes(each));
  if (name === void 0) {
    unregister();
    throw new HookRefused(`'${map.name}' is no congestion control`);
  }
  return [name, unregister];
}
function congestionControls() {
  return (0, import_node_fs5.readFileSync)(CONGESTION_CONTROLS, "utf8").trim().split(" ");
}
function createSockmap() {
  const attr = memory(64);
  for (const [i, value] of [BPF_MAP_TYPE_SOCKMAP, 4, 4, 1].entries()) attr.writeUInt32LE(value, 4 * i);
  const map = libc().syscall4(SYS_BPF3, BPF_MAP_CREATE, addressOf(attr), attr.length);
  if (map < 0) throw new HookRefused(`the kernel makes no sockmap: ${errorName(errno())}`);
  return Number(map);
}
function attachToMap(fd, map, attachType) {
  const attr = memory(64);
  for (const [i, value] of [map, fd, attachType].entries()) attr.writeUInt32LE(value, 4 * i);
  if (libc().syscall4(SYS_BPF3, BPF_PROG_ATTACH, addressOf(attr), attr.length) < 0)
    throw new HookRefused(`the kernel does not attach it to a sockmap: ${errorName(errno())}`);
}
function createFilter(fd, { index, namespaceFd }, direction) {
  const hook = memory(24);
  hook.writeBigUInt64LE(24n, 0);
  hook.writeInt32LE(index, 8);
  hook.writeUInt32LE(direction === "ingress" ? 1 : 2, 12);
  const options = memory(32);
  options.writeBigUInt64LE(32n, 0);
  options.writeInt32LE(fd, 8);
  options.writeUInt32LE(1, 20);
  options.writeUInt32LE(1, 24);
  for (const [step, error2] of [
    ["make a clsact queueing discipline", Number(libbpf().bpf_tc_hook_create(hook))],
    ["attach a filter", Number(libbpf().bpf_tc_attach(hook, options))]
  ])
    if (error2 !== 0 && error2 !== EEXIST)
      throw new HookRefused(`the kernel does not ${step}: ${errorName(error2)}`);
  return () => {
    options.writeInt32LE(0, 8);
    options.writeUInt32LE(0, 12);
    options.writeUInt32LE(0, 16);
    inNamespace(namespaceFd, () => must(Number(libbpf().bpf_tc_detach(hook, options)), "bpf_tc_detach"));
  };
}
function must(result, what) {
  if (result < 0) throw new Error(`${what}: ${errorName(errno())}`);
}

// src/guest/redirect.ts
var BPF_XDP2 = 37;
var XDP_FLAGS_DRV_MODE = 1 << 2;
var QUEUE = 64;
function layRedirect(bed, port, by, elf) {
  const job = { object: by, elf: { at: 0, size: 0 }, programs: [], mapSizes: {} };
  const { object } = findLoadable(job, elf);
  const [map] = object.maps;
  const target = by === "devmap" ? bed.receiver.index : QUEUE;
  const programs = ["redirect", "pass"].flatMap(
    (name) => object.programs.filter((program) => program.name === name)
  );
  if (!map || programs.length === 0) throw new HookRefused(`the kernel does not take our ${by}`);
  const setProgram = (fd) => {
    const value = memory(8);
    value.writeUInt32LE(target, 0);
    value.writeInt32LE(fd, 4);
    const error2 = inNamespace(
      bed.receiver.namespaceFd,
      () => Number(libbpf().bpf_map_update_elem(libbpf().bpf_map__fd(map.pointer), memory(4), value, 0))
    );
    if (error2 !== 0) throw new HookRefused(`the ${by} does not take it: ${errorName(error2)}`);
  };
  setProgram(-1);
  const links = programs.map(
    ({ name, pointer }) => port.linkToDevice(
      libbpf().bpf_program__fd(pointer),
      name === "redirect" ? "receiver" : "sender",
      BPF_XDP2,
      XDP_FLAGS_DRV_MODE
    )
  );
  return {
    setProgram,
    detach: () => {
      for (const detach of links) detach();
      object.close();
    }
  };
}

// src/guest/stimulus.ts
var import_node_child_process = require("node:child_process");
var INDEX = { sender: 10, receiver: 11 };
function makeBed({ helper, isClockExact = false }, device = "veth", namespaces = { sender: newNamespace(), receiver: newNamespace() }) {
  const bed = {
    sender: { namespaceFd: namespaces.sender, index: INDEX.sender },
    receiver: { namespaceFd: namespaces.receiver, index: INDEX.receiver },
    helper,
    isClockExact
  };
  try {
    run(bed, { name: "bed", device });
  } catch (cause) {
    return { reason: `this kernel gives no link to measure on: ${messageOf(cause)}` };
  }
  return bed;
}
function stimulate(bed, task, parts = {}) {
  const out = run(bed, task, parts);
  if ("reason" in out) return out;
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length / 4);
  if (words.length !== 2 * task.count) throw new Error(`${bed.helper} tells of ${words.length / 2} events`);
  return {
    sent: Array.from({ length: task.count }, (_, i) => words[2 * i]),
    done: Array.from({ length: task.count }, (_, i) => words[2 * i + 1] === LOST ? -1 : words[2 * i + 1])
  };
}
function eventsRecord(stimulus, events) {
  const said2 = "reason" in events ? { sent: [], done: [], absent: events } : events;
  return { type: "events", stimulus, ...said2 };
}
var LOST = 4294967295;
var IMPOSSIBLE = 3;
var REASON_CHARACTERS = 2e3;
var NAME_BYTES2 = 16;
var TASK_BYTES = 128;
function run({ helper, isClockExact, sender, receiver }, task, { gift, command } = {}) {
  const input = Buffer.alloc(TASK_BYTES);
  for (const [i, name] of [task.name, task.device ?? "", gift?.kind ?? "", gift?.to ?? ""].entries())
    input.write(name, i * NAME_BYTES2, NAME_BYTES2 - 1);
  const numbers = [task.sizeBytes, task.warmUp, task.count, task.patienceMs];
  for (const [i, value] of numbers.entries()) input.writeUInt32LE(value ?? 0, 4 * NAME_BYTES2 + 4 * i);
  input.write(gift?.name ?? "", 5 * NAME_BYTES2, NAME_BYTES2 - 1);
  input.write(command?.side ?? "", 6 * NAME_BYTES2, NAME_BYTES2 - 1);
  input.writeUInt32LE(Number(isClockExact), 7 * NAME_BYTES2);
  const ended = (0, import_node_child_process.spawnSync)(helper, command?.argv ?? [], {
    input,
    env: command?.env ?? {},
    ...command ? { cwd: command.cwd } : {},
    stdio: ["pipe", "pipe", "pipe", sender.namespaceFd, receiver.namespaceFd, gift?.fd ?? "ignore"],
    maxBuffer: 1 << 20
  });
  if (ended.error) throw ended.error;
  if (ended.status === IMPOSSIBLE)
    return { reason: ended.stderr.toString("utf8").trim().slice(0, REASON_CHARACTERS) };
  if (ended.status !== 0)
    throw new Error(`${helper} on '${task.name}': ${ended.stderr.toString("utf8").trim() || ended.signal}`);
  return ended.stdout;
}

// src/guest/symbols.ts
var import_node_fs6 = require("node:fs");
var CHUNK_CHARACTERS = 6e4;
function reportSymbols(channel, which) {
  const all = (0, import_node_fs6.readFileSync)("/proc/kallsyms", "latin1");
  let text = "";
  for (const [, address, name, module2] of all.matchAll(/^([0-9a-f]{16}) [tTwW] (\S{1,200})(?:\t(\S+))?/gm)) {
    if (which === "bpf" && module2 !== "[bpf]") continue;
    if (text.length > CHUNK_CHARACTERS) {
      channel.send({ type: "symbols", text });
      text = "";
    }
    text += `${address} ${name}
`;
  }
  channel.send({ type: "symbols", text });
}

// src/guest/versions.ts
var import_node_fs7 = require("node:fs");
function kernelRelease() {
  return (0, import_node_fs7.readFileSync)("/proc/sys/kernel/osrelease", "utf8").trim();
}
function libbpfVersion() {
  return String(libbpf().libbpf_version_string()).replace(/^v/, "");
}

// src/guest/hooks.ts
function runHookJob(guest, job) {
  const absent2 = measureArm(guest, job);
  if (!absent2) return;
  for (const { name } of job.stimuli) guest.channel.send(eventsRecord(name, absent2));
}
function measureArm(guest, job) {
  const absent2 = job.attach && whyNotHere(job.attach.hook);
  if (absent2) return absent2;
  const bed = job.link === void 0 || "reason" in guest.bed ? guest.bed : makeBed(guest.bed, job.link);
  if ("reason" in bed) return bed;
  if (job.command && guest.isShared)
    return { reason: "a command of yours is run in a VM alone: measure it in exact mode" };
  let gift;
  let loaded;
  const fdOf = ({ pointer }) => libbpf().bpf_program__fd(pointer);
  const wholePort = hookPort({
    places: bed,
    helper: bed.helper,
    give: (given) => {
      gift = given;
    },
    object: () => loaded?.object,
    mapsOf: () => loaded?.mapsOf,
    redirect: (fd) => redirect?.setProgram(fd)
  });
  const port = guest.isShared ? withinOurs(wholePort) : wholePort;
  let redirect;
  let detach;
  try {
    redirect = job.redirect && layRedirect(bed, port, job.redirect.by, blobIn(guest.window, job.redirect.elf));
    const command = job.command && {
      ...putCommand(guest.window, COMMAND_FOLDER, job.command),
      side: job.command.side
    };
    loaded = loadChosen(guest, job);
    if (job.attach) {
      const program = loaded && programOf(loaded, job.objects[job.chosen]);
      if (!program) return { reason: "the kernel does not load it" };
      detach = hookNamed(job.attach.hook).attach(port, fdOf(program), job.attach.options);
    }
    for (const task of job.stimuli) {
      const work = () => stimulate(bed, task, { gift, command });
      guest.channel.send(eventsRecord(task.name, guest.during ? guest.during(work) : work()));
    }
    const sequel = decodeSequel(guest.window);
    if (sequel) reportCode(guest, job.objects[job.chosen], loaded, sequel);
    return void 0;
  } catch (cause) {
    if (!(cause instanceof ObjectRejected || cause instanceof HookRefused)) throw cause;
    return { reason: cause.message.slice(0, 2e3) };
  } finally {
    detach?.();
    loaded?.object.close();
    redirect?.detach();
  }
}
var COMMAND_FOLDER = "/tmp/stimulus";
function withinOurs(port) {
  const refuse = () => {
    throw new HookRefused("all of this machine goes through it: measure it in a VM");
  };
  return {
    ...port,
    linkToCgroup: refuse,
    openTracepoint: refuse,
    traceEvent: refuse,
    sample: refuse,
    linkToFunctions: refuse,
    probe: (fd, kind, name, at) => kind === "uprobe" ? port.probe(fd, kind, name, at) : refuse()
  };
}
function hookNamed(name) {
  const hook = hookByName(name);
  if (!hook) throw new Error(`no hook '${name}'`);
  return hook;
}
function whyNotHere(name) {
  const { since, builtWith } = hookNamed(name);
  const release = kernelRelease();
  if (isOlder(release, since)) return { reason: `this kernel has no hook '${name}'`, since };
  if (builtWith !== void 0 && isBuiltWithout(release, builtWith))
    return { reason: `this kernel is built without ${builtWith}` };
  return void 0;
}
function isBuiltWithout(release, option) {
  const path = `/boot/config-${release}`;
  return (0, import_node_fs8.existsSync)(path) && !new RegExp(`^${option}=[ym]$`, "m").test((0, import_node_fs8.readFileSync)(path, "utf8"));
}
function load({ window }, job) {
  const { loadable, object } = findLoadable(job, blobIn(window, job.elf));
  const subject = job.programs.find(({ name }) => name === job.program);
  try {
    if (subject) setUpObject(object, loadable, subject);
  } catch (cause) {
    object.close();
    throw cause;
  }
  return { loadable, object };
}
function loadChosen(guest, { objects, chosen, mapOf: mapOf2 = chosen, attach: attach2 }) {
  const all = objects.map((each) => {
    try {
      return load(guest, each);
    } catch (cause) {
      if (cause instanceof ObjectRejected) return void 0;
      throw cause;
    }
  });
  const close = () => {
    for (const each of all) each?.object.close();
  };
  const own2 = all[chosen];
  if (attach2 && !(own2 && programOf(own2, objects[chosen]))) {
    close();
    const alone = load(guest, objects[chosen]);
    return { ...alone, ...mapOf2 === chosen ? { mapsOf: alone.object } : {} };
  }
  return own2 && { ...own2, object: { ...own2.object, close }, mapsOf: all[mapOf2]?.object };
}
function programOf({ object }, { program }) {
  return object.programs.find(({ name }) => name === program);
}
function reportCode({ channel, window }, job, loaded, { reportCode: wanted, probed }) {
  reportSymbols(channel, "bpf");
  if (!loaded) return;
  const { loadable, object } = loaded;
  for (const program of object.programs.filter(({ name }) => wanted.includes(name)))
    channel.send({
      type: "code",
      program: program.name,
      images: imagesOf(object, program).map(textOfImage)
    });
  if (!probed) return;
  try {
    const twin = loadObject(job, blobIn(window, probed), loadable);
    reportLines(channel, twin, wanted);
    twin.close();
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
  }
}

// src/guest/host.ts
var import_node_fs21 = require("node:fs");

// src/guest/libbpf/timing.ts
var import_node_fs9 = require("node:fs");
var import_koffi2 = __toESM(require("./koffi.node"), 1);
var ATTR_BYTES = 80;
var BATCH_BYTES = 40;
var RATE_NS = 2e7;
var OUT_ROOM_BYTES = 512;
function loadTiming(path) {
  const library = import_koffi2.default.load(path);
  const batch = library.func("void tollgate_batch(void*, int, ulong, void*)");
  const reads = library.func("void tollgate_clock_reads(void*, int)");
  const tscReads = library.func("void tollgate_tsc_reads(void*, int)");
  const tscRate = library.func("void tollgate_tsc_rate(ulong, void*, void*)");
  const readWith = (read) => (count) => {
    const times = memory(8 * count);
    read(times, count);
    return Array.from({ length: count }, (_, i) => Number(times.readBigUInt64LE(8 * i)));
  };
  const out = memory(BATCH_BYTES);
  return {
    batch: ({ attrs, count, loops }) => {
      batch(attrs, count, loops, out);
      return {
        wallNs: Number(out.readBigUInt64LE(0)),
        onCpuNs: Number(out.readBigUInt64LE(8)),
        involuntary: Number(out.readBigUInt64LE(16)),
        error: out.readInt32LE(24)
      };
    },
    clockReads: readWith(reads),
    tscReads: readWith(tscReads),
    tscPerNs: () => {
      const [ticks, ns] = [memory(8), memory(8)];
      tscRate(RATE_NS, ticks, ns);
      return Number(ticks.readBigUInt64LE()) / Number(ns.readBigUInt64LE());
    }
  };
}
function testRunsOf(fd, data, repeat, loops) {
  const attrs = memory(ATTR_BYTES * data.length);
  data.forEach(({ packet: packet2, context }, i) => {
    const at = i * ATTR_BYTES;
    attrs.writeUInt32LE(fd, at);
    attrs.writeUInt32LE(repeat > 1 ? repeat : 0, at + 32);
    if (packet2) {
      attrs.writeUInt32LE(packet2.length, at + 8);
      attrs.writeBigUInt64LE(addressOf(packet2), at + 16);
    }
    if (context) {
      attrs.writeUInt32LE(context.length, at + 40);
      attrs.writeBigUInt64LE(addressOf(context), at + 48);
    }
  });
  return { attrs, count: data.length, loops };
}
function leavesPacket(timing, fd, data) {
  if (!data.packet) return true;
  const runs = testRunsOf(fd, [data], 1, 1);
  const out = memory(data.packet.length + OUT_ROOM_BYTES);
  out.set(data.packet);
  runs.attrs.writeUInt32LE(out.length, 12);
  runs.attrs.writeBigUInt64LE(addressOf(out), 24);
  const context = data.context && memory(data.context.length);
  if (data.context && context) {
    context.set(data.context);
    runs.attrs.writeUInt32LE(context.length, 44);
    runs.attrs.writeBigUInt64LE(addressOf(context), 56);
  }
  const { error: error2 } = timing.batch(runs);
  const { length } = data.packet;
  return error2 === 0 && out.subarray(0, length).equals(data.packet) && out.subarray(length).every((byte) => byte === 0) && (!context || context.equals(data.context));
}
var SYS_SCHED_SETSCHEDULER = 144;
var SYS_SCHED_SETAFFINITY = 203;
var SCHED_OTHER = 0;
var SCHED_FIFO = 1;
function pinTo(cpu) {
  const mask = memory(128);
  mask[cpu >> 3] = 1 << (cpu & 7);
  if (libc().syscall4(SYS_SCHED_SETAFFINITY, 0, mask.length, addressOf(mask)) < 0)
    throw new Error(`sched_setaffinity: ${errorName(errno())}`);
}
function becomeUnhindered() {
  return setScheduler(SCHED_FIFO, 1) ? [] : [`real-time scheduling: ${errorName(errno())}`];
}
function becomeOrdinary() {
  setScheduler(SCHED_OTHER, 0);
}
function setScheduler(policy, level) {
  const priority = memory(4);
  priority.writeInt32LE(level);
  return libc().syscall4(SYS_SCHED_SETSCHEDULER, 0, policy, addressOf(priority)) === 0;
}
var SYS_PRCTL = 157;
var PR_SET_PDEATHSIG = 1;
var SIGKILL = 9;
function dieWithParent() {
  if (libc().syscall4(SYS_PRCTL, PR_SET_PDEATHSIG, SIGKILL, 0) < 0)
    throw new Error(`prctl: ${errorName(errno())}`);
}
var SYS_UNSHARE2 = 272;
var CLONE_NEWNET2 = 1073741824;
function leaveNetwork() {
  if (libc().syscall4(SYS_UNSHARE2, CLONE_NEWNET2, 0, 0) < 0) throw new Error(`unshare: ${errorName(errno())}`);
}
var SYS_BPF4 = 321;
var BPF_LINK_CREATE3 = 28;
var BPF_LINK_UPDATE = 29;
var BPF_XDP3 = 37;
var XDP_FLAGS_SKB_MODE = 2;
var LOOPBACK = 1;
function openSeat() {
  const namespace = newNamespace();
  let link;
  const attr = memory(64);
  const call = (command, ...words) => {
    attr.fill(0);
    for (const [i, word] of words.entries()) attr.writeUInt32LE(word, 4 * i);
    return Number(libc().syscall4(SYS_BPF4, command, addressOf(attr), attr.length));
  };
  return {
    put: (fd) => {
      if (link !== void 0 && call(BPF_LINK_UPDATE, link, fd) === 0) return true;
      if (link !== void 0) (0, import_node_fs9.closeSync)(link);
      const made = inNamespace(
        namespace,
        () => call(BPF_LINK_CREATE3, fd, LOOPBACK, BPF_XDP3, XDP_FLAGS_SKB_MODE)
      );
      link = made < 0 ? void 0 : made;
      return made >= 0;
    },
    close: () => {
      if (link !== void 0) (0, import_node_fs9.closeSync)(link);
      (0, import_node_fs9.closeSync)(namespace);
    }
  };
}
function closeFd2(fd) {
  (0, import_node_fs9.closeSync)(fd);
}

// src/guest/timed-job.ts
var import_node_fs20 = require("node:fs");
var import_node_os2 = require("node:os");
var import_node_path4 = require("node:path");

// src/statistics/quantile.ts
function quantile(values, share) {
  return quantileOfSorted(Float64Array.from(values).sort(), share);
}
function quantileOfSorted(sorted, share) {
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (below === void 0 || above === void 0) throw new RangeError("no values");
  return below + (above - below) * (at - Math.floor(at));
}

// src/guest/neighbours.ts
var import_node_fs10 = require("node:fs");

// src/model/processors.ts
var KINDS = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
function allTicks(stat) {
  return ticksOf(/^cpu +(.*)$/m.exec(stat)?.[1] ?? "");
}
function cpuTimesOf(stat) {
  return new Map(
    [...stat.matchAll(/^cpu(\d+) (.*)$/gm)].map(([, cpu, text]) => {
      const { user, nice, system, irq, softirq, steal } = ticksOf(text);
      return [Number(cpu), { busy: user + nice + system + irq + softirq + steal, steal }];
    })
  );
}
function ticksOf(text) {
  const ticks = text.split(" ").map(Number);
  return Object.fromEntries(KINDS.map((kind, i) => [kind, ticks[i] ?? 0]));
}
function ticksBetween(before, after) {
  return Object.fromEntries(KINDS.map((kind) => [kind, after[kind] - before[kind]]));
}
function allowedCpusOf(status) {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "0";
  return new Set(
    list.split(",").flatMap((range) => {
      const [first = 0, last = first] = range.split("-").map(Number);
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    })
  );
}
function quietestOf(before, after, allowed) {
  const done = [...after].filter(([cpu]) => allowed.has(cpu)).map(([cpu, { busy }]) => ({ cpu, busy: busy - (before.get(cpu)?.busy ?? 0) }));
  return done.reduceRight((least, each) => each.busy < least.busy ? each : least).cpu;
}

// src/guest/neighbours.ts
function cpuTimes() {
  return cpuTimesOf((0, import_node_fs10.readFileSync)("/proc/stat", "utf8"));
}
function processorTicks() {
  return allTicks((0, import_node_fs10.readFileSync)("/proc/stat", "utf8"));
}
var TICK_MS = 10;
function quietestCpu(ms) {
  const before = cpuTimes();
  sleep(ms);
  return quietestOf(before, cpuTimes(), allowedCpusOf((0, import_node_fs10.readFileSync)("/proc/self/status", "utf8")));
}
function otherCpu(cpu) {
  return [...cpuTimes().keys()].findLast((each) => each !== cpu);
}
function frequencyKhz(cpu) {
  const text = fileText(`/sys/devices/system/cpu/cpu${cpu}/cpufreq/scaling_cur_freq`);
  return text === void 0 ? void 0 : Number(text);
}
function cpuModel() {
  return /^model name\s*:\s*(.+)$/m.exec((0, import_node_fs10.readFileSync)("/proc/cpuinfo", "utf8"))?.[1]?.trim() ?? "unknown";
}
function fileText(path) {
  try {
    return (0, import_node_fs10.readFileSync)(path, "utf8").trim();
  } catch {
    return void 0;
  }
}
function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

// src/model/percentile.ts
function distribution(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const max = percentile(sorted, 100);
  return {
    count: values.length,
    mean: mean(values),
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    max,
    maxIndex: values.indexOf(max)
  };
}
function percentile(sorted, percent) {
  const value = sorted[Math.max(0, Math.ceil(percent * sorted.length / 100) - 1)];
  if (value === void 0) throw new RangeError("no values");
  return value;
}
function mean(values) {
  if (values.length === 0) throw new RangeError("no values");
  return roundTo3(values.reduce((sum, value) => sum + value, 0) / values.length);
}
function steadyValue(values) {
  const counts = /* @__PURE__ */ new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first, ...rest] = counts;
  if (!first) throw new RangeError("no values");
  let best = first;
  for (const entry of rest)
    if (entry[1] > best[1] || entry[1] === best[1] && entry[0] < best[0]) best = entry;
  return best[0];
}
function roundTo3(value) {
  const rounded = Math.sign(value) * Math.round(Math.abs(value) * 1e3) / 1e3;
  return rounded === 0 ? 0 : rounded;
}

// src/measurements/run.ts
var WARM_PASSES_ONE_PACKET = 16;
var WARM_PASSES_MANY_PACKETS = 4;
var ONE_PACKET = ["run_insns", "run_insns_cold"];
var MANY_PACKETS = [
  ...ONE_PACKET,
  "run_insns_p50",
  "run_insns_p99",
  "run_insns_max"
];
var run2 = {
  name: "run",
  runs: true,
  metrics: MANY_PACKETS,
  measure: (subject) => {
    const { program, inputs, notRun } = subject;
    const type = program.type;
    if (!type.testRun)
      return absent(void 0, ONE_PACKET, {
        reason: `${type.name} programs have no test run: they run only where they are attached`
      });
    if (inputs.length === 0)
      return notRun === void 0 ? [] : absent(void 0, ONE_PACKET, { reason: notRun });
    return inputs.flatMap((input) => measureInput(subject, input));
  }
};
var UNDISTURBED_INSNS = 549e5;
function measureInput({ program, port }, input) {
  const many = input.packets.length > 1;
  const runs = port.run(program.name, input, 1 + (many ? WARM_PASSES_MANY_PACKETS : WARM_PASSES_ONE_PACKET));
  if ("reason" in runs) return absent(input.name, many ? MANY_PACKETS : ONE_PACKET, runs);
  const [cold, ...warm] = runs.passes;
  if (!cold?.[0] || warm.length === 0) throw new RangeError("a measurement needs a cold and a warm pass");
  const perPacket = cold.map((_, packet2) => steadyValue(warm.map((pass) => pass[packet2].insns)));
  const figure = (metric, value, note) => ({
    metric,
    input: input.name,
    value,
    ...note === void 0 ? {} : { note }
  });
  const figures = [
    figure("run_insns", mean(perPacket), runs.note ?? disturbed(runs.passes) ?? varies(warm)),
    figure("run_insns_cold", cold[0].insns)
  ];
  if (!many) return figures;
  const { p50, p99, max } = distribution(perPacket);
  return [
    ...figures,
    figure("run_insns_p50", p50),
    figure("run_insns_p99", p99),
    figure(
      "run_insns_max",
      max,
      `packet ${perPacket.indexOf(max) + 1} of ${perPacket.length} is the dearest`
    )
  ];
}
function disturbed(passes) {
  return passes.flat().some(({ insns }) => insns > UNDISTURBED_INSNS) ? `runs of more than ${UNDISTURBED_INSNS} instructions are interrupted by the timer, whose own are in the figure` : void 0;
}
function varies(warm) {
  if (warm[0]?.length !== 1) return void 0;
  const values = warm.map((pass) => pass[0].insns);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? void 0 : `warm runs take ${low} to ${high}, mean ${mean(values)}`;
}
function absent(input, metrics, reason) {
  return metrics.map((metric) => ({ metric, ...input === void 0 ? {} : { input }, absent: reason }));
}

// src/measurements/size.ts
var size = {
  name: "size",
  runs: false,
  metrics: ["prog_size", "prog_size_jited", "map_bytes", "map_count"],
  measure: ({ program }) => {
    const bytes = program.maps.map((map) => map.bytes);
    return [
      { metric: "prog_size", value: program.insnCount },
      program.jited.length > 0 ? { metric: "prog_size_jited", value: program.jited.length } : { metric: "prog_size_jited", absent: { reason: "the kernel did not compile it: the JIT is off" } },
      bytes.every((n) => n !== void 0) ? { metric: "map_bytes", value: bytes.reduce((sum, n) => sum + n, 0) } : { metric: "map_bytes", absent: { reason: "the kernel does not account for a map it uses" } },
      { metric: "map_count", value: program.maps.length }
    ];
  }
};

// src/measurements/stack.ts
var CALL = 133;
var LD_IMM64 = 24;
var PSEUDO_CALL = 1;
var PSEUDO_FUNC = 4;
function deepestStack(depths, xlated, subprogStarts) {
  if (depths.length === 0) throw contradiction("no depth for the program itself");
  if (depths.length === 1) return depths[0];
  const calls = readCalls(xlated);
  const starts = subprogStarts ? new Map(subprogStarts.map((start2, index) => [index, start2])) : startsFromCalls(calls, depths.length);
  if (subprogStarts && subprogStarts.length !== depths.length)
    throw contradiction(`${depths.length} depths for ${subprogStarts.length} subprograms`);
  const indexOf = new Map([...starts].map(([index, start2]) => [start2, index]));
  const callees = depths.map(() => /* @__PURE__ */ new Set());
  for (const { at, targets } of calls) {
    const callee = targets.map((target) => indexOf.get(target)).find((index) => index !== void 0);
    if (callee === void 0)
      throw contradiction(`instruction ${at} calls ${targets[0]}, where no subprogram starts`);
    callees[ownerOf(starts, at)].add(callee);
  }
  const known = depths.map(() => void 0);
  const onPath = /* @__PURE__ */ new Set();
  const below = (index) => {
    if (known[index] !== void 0) return known[index];
    if (onPath.has(index)) throw contradiction(`subprogram ${index} calls itself`);
    onPath.add(index);
    let deepest = 0;
    for (const callee of callees[index]) deepest = Math.max(deepest, below(callee));
    onPath.delete(index);
    known[index] = depths[index] + deepest;
    return known[index];
  };
  return below(0);
}
function readCalls(xlated) {
  const view = new DataView(xlated.buffer, xlated.byteOffset, xlated.byteLength);
  const count = Math.floor(xlated.length / 8);
  const calls = [];
  for (let at = 0; at < count; at++) {
    const code = view.getUint8(at * 8);
    const source = view.getUint8(at * 8 + 1) >> 4;
    if (code === CALL && source === PSEUDO_CALL) {
      const near = at + 1 + view.getInt16(at * 8 + 2, true);
      const far = at + 1 + view.getInt32(at * 8 + 4, true);
      const wrapped = [...wraps(near, count)];
      calls.push({ at, targets: [...wrapped, far], index: view.getInt32(at * 8 + 4, true) });
    } else if (code === LD_IMM64) {
      if (source === PSEUDO_FUNC)
        calls.push({
          at,
          targets: [at + 1 + view.getInt32(at * 8 + 4, true)],
          ...secondImm(view, at, count)
        });
      at++;
    }
  }
  return calls;
}
function startsFromCalls(calls, count) {
  const targets = [.../* @__PURE__ */ new Set([0, ...calls.map((call) => call.targets[0])])].sort((a, b) => a - b);
  if (targets.length === count) return new Map(targets.map((start2, index) => [index, start2]));
  const starts = /* @__PURE__ */ new Map([[0, 0]]);
  for (const { at, index, targets: likely } of calls) {
    const start2 = likely[0];
    const isNew = index !== void 0 && index > 0 && index < count && (starts.get(index) ?? start2) === start2;
    if (!isNew)
      throw contradiction(
        `${count} depths for ${targets.length} subprograms, and the call at ${at} names none`
      );
    starts.set(index, start2);
  }
  const inOrder = [...starts].sort(([a], [b]) => a - b).map(([, start2]) => start2);
  if (inOrder.some((start2, i) => i > 0 && start2 <= inOrder[i - 1]))
    throw contradiction(
      `${count} depths for ${targets.length} subprograms, whose order is not that of their starts`
    );
  return starts;
}
function* wraps(near, count) {
  if (near >= 0 && near < count) yield near;
  for (let target = (near % 65536 + 65536) % 65536; target < count; target += 65536)
    if (target !== near) yield target;
}
function ownerOf(starts, at) {
  let owner = 0;
  let latest = -1;
  for (const [index, start2] of starts) {
    if (start2 <= at && start2 > latest) {
      owner = index;
      latest = start2;
    }
  }
  return owner;
}
function secondImm(view, at, count) {
  return at + 1 < count ? { index: view.getInt32((at + 1) * 8 + 4, true) } : {};
}
function contradiction(what) {
  return new TollgateError("infrastructure", `Cannot tell the stack of the deepest call chain: ${what}`, {
    reason: "stack-unknown"
  });
}

// src/measurements/verifier-log.ts
var READ_LIMIT_CHARACTERS = 256 * 1024;
function parseVerifierStats(log) {
  const lines = endOf(log).split("\n");
  const at = lines.findLastIndex((line2) => PROCESSED.test(line2));
  if (at === -1) return void 0;
  const numbers = (pattern) => {
    const line2 = lines.slice(Math.max(0, at - 6), at + 4).findLast((candidate) => pattern.test(candidate));
    return line2 === void 0 ? void 0 : pattern.exec(line2)[1].split("+").map(Number);
  };
  const line = lines[at];
  const named = (name) => {
    const match = new RegExp(` ${name} (\\d+)`).exec(line);
    return match ? Number(match[1]) : void 0;
  };
  const [, totalInsns, insnLimit] = PROCESSED.exec(line);
  const markRead = named("mark_read");
  const stackDepths = numbers(/^stack depth (\d+(?:\+\d+)*)/);
  const verificationTimeUs = numbers(/^verification time (\d+) usec/)?.[0];
  const subprogInsns = numbers(/^insns processed (\d+(?:\+\d+)*)/);
  return {
    totalInsns: Number(totalInsns),
    insnLimit: Number(insnLimit),
    maxStatesPerInsn: named("max_states_per_insn") ?? 0,
    totalStates: named("total_states") ?? 0,
    peakStates: named("peak_states") ?? 0,
    ...markRead === void 0 ? {} : { markRead },
    ...stackDepths ? { stackDepths } : {},
    ...verificationTimeUs === void 0 ? {} : { verificationTimeUs },
    ...subprogInsns ? { subprogInsns } : {}
  };
}
var PROCESSED = /^processed (\d+) insns \(limit (\d+)\)/;
function endOf(log) {
  if (log.length <= READ_LIMIT_CHARACTERS) return log;
  const from = log.length - READ_LIMIT_CHARACTERS;
  return log.slice(log.indexOf("\n", from) + 1);
}

// src/measurements/verifier.ts
var verifier = {
  name: "verifier",
  runs: false,
  metrics: ["total_insns", "total_states", "peak_states", "max_states_per_insn", "stack_depth"],
  measure: ({ program }) => {
    const stats = parseVerifierStats(program.log);
    const missing = { reason: "the verifier printed no statistics (log level 4)", since: "5.2" };
    const of = (metric, value) => value === void 0 ? { metric, absent: missing } : { metric, value };
    return [
      of("total_insns", stats?.totalInsns),
      of("total_states", stats?.totalStates),
      of("peak_states", stats?.peakStates),
      of("max_states_per_insn", stats?.maxStatesPerInsn),
      of("stack_depth", stats?.stackDepths && deepestStack(stats.stackDepths, program.xlated))
    ];
  }
};

// src/measurements/index.ts
var MEASUREMENTS = [verifier, size, run2];

// src/statistics/random.ts
function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = state + 1831565813 >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

// src/statistics/normal.ts
function normalTail(z) {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const polynomial = COEFFICIENTS.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  const tail = t * Math.exp(-x * x + polynomial) / 2;
  return z >= 0 ? tail : 1 - tail;
}
var COEFFICIENTS = [
  -1.26551223,
  1.00002368,
  0.37409196,
  0.09678418,
  -0.18628806,
  0.27886807,
  -1.13520398,
  1.48851587,
  -0.82215223,
  0.17087277
];

// src/statistics/signed-rank.ts
var EXACT_MOST = 100;
function signedRankAbove(differences) {
  const kept = differences.filter((difference2) => difference2 !== 0);
  if (kept.length === 0) return 1;
  const ranks = doubledMidranks(kept.map(Math.abs));
  const above = kept.reduce((sum, difference2, i) => sum + (difference2 > 0 ? ranks[i] : 0), 0);
  return kept.length <= EXACT_MOST ? exactTail(ranks, above) : normalApproximation(ranks, above);
}
function doubledMidranks(sizes) {
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[a] - sizes[b]);
  const ranks = new Array(sizes.length);
  for (let first = 0; first < order.length; ) {
    let last = first;
    while (last + 1 < order.length && sizes[order[last + 1]] === sizes[order[first]]) last++;
    for (let i = first; i <= last; i++) ranks[order[i]] = first + last + 2;
    first = last + 1;
  }
  return ranks;
}
function exactTail(ranks, above) {
  const total = ranks.reduce((sum, rank) => sum + rank, 0);
  const share = new Float64Array(total + 1);
  share[0] = 1;
  let reached = 0;
  for (const rank of ranks) {
    reached += rank;
    for (let sum = reached; sum >= 0; sum--)
      share[sum] = (share[sum] + (sum >= rank ? share[sum - rank] : 0)) / 2;
  }
  let tail = 0;
  for (let sum = total; sum >= above; sum--) tail += share[sum];
  return Math.min(1, tail);
}
function normalApproximation(ranks, above) {
  const mean2 = ranks.reduce((sum, rank) => sum + rank, 0) / 2;
  const variance = ranks.reduce((sum, rank) => sum + rank * rank, 0) / 4;
  return normalTail((above - mean2 - 1) / Math.sqrt(variance));
}

// src/statistics/sequential.ts
var GROWTH = 1.4;
function schedule(least, most) {
  const rounds = [];
  for (let at = least; at < most; at = Math.ceil(at * GROWTH)) rounds.push(at);
  rounds.push(Math.max(least, most));
  return { rounds, looks: rounds.length + 1 };
}
function isLook({ rounds }, done) {
  return rounds.includes(done);
}
function sequentialAbove(differences, { rounds, looks }) {
  const at = /* @__PURE__ */ new Set([...rounds.filter((count) => count < differences.length), differences.length]);
  const least = Math.min(...[...at].map((count) => signedRankAbove(differences.slice(0, count))));
  return Math.min(1, looks * least);
}

// src/measurements/timed.ts
function excess(rounds, limit) {
  const [head, base] = [netOf(rounds, "head"), netOf(rounds, "base")];
  return head.map((value, i) => {
    const sign = isFloor(limit) ? -1 : 1;
    if (!isRelative(limit)) return sign * (value - limit.value) / rounds.head[i];
    const allowed = "percent" in limit ? Math.max(0, base[i]) * limit.percent / 100 : limit.value;
    return (sign * (value - base[i]) - allowed) / rounds.base[i];
  });
}
var isFloor = ({ kind }) => kind === "min" || kind === "decrease";
function isRelative(limit) {
  return limit.kind === "increase" || limit.kind === "decrease";
}
function scheduleOf({ leastRounds, mostRounds }) {
  return schedule(leastRounds, mostRounds);
}
function leaning(rounds, limit, bounds) {
  const values = excess(rounds, limit);
  return {
    beyond: sequentialAbove(values, scheduleOf(bounds)),
    within: sequentialAbove(
      values.map((value) => -value),
      scheduleOf(bounds)
    )
  };
}
var KEPT_LEVEL = 0.01;
function isTooNoisy({ head, discarded }) {
  return discardedCount(discarded) > head.length;
}
function discardedCount(discarded) {
  return Object.values(discarded).reduce((sum, count) => sum + count, 0);
}
function netOf(rounds, side) {
  return rounds[side].map((value, i) => value - (rounds.empty[i] + rounds.emptyAgain[i]) / 2);
}

// src/model/program-types.ts
var packet = (since, emptyReturns) => ({
  takes: "packet",
  clock: "kernel-clock",
  since,
  emptyReturns
});
var PROGRAM_TYPES = [
  { id: 0, name: "unspec" },
  { id: 1, name: "socket_filter", testRun: packet("4.12", 0) },
  { id: 2, name: "kprobe" },
  { id: 3, name: "sched_cls", testRun: packet("4.12", 0) },
  { id: 4, name: "sched_act", testRun: packet("4.12", 0) },
  { id: 5, name: "tracepoint" },
  { id: 6, name: "xdp", testRun: packet("4.12", 2) },
  { id: 7, name: "perf_event" },
  { id: 8, name: "cgroup_skb", testRun: packet("4.12", 1) },
  { id: 9, name: "cgroup_sock" },
  { id: 10, name: "lwt_in", testRun: packet("4.12", 0) },
  { id: 11, name: "lwt_out", testRun: packet("4.12", 0) },
  { id: 12, name: "lwt_xmit", testRun: packet("4.12", 0) },
  { id: 13, name: "sock_ops" },
  { id: 14, name: "sk_skb" },
  { id: 15, name: "cgroup_device" },
  { id: 16, name: "sk_msg" },
  {
    id: 17,
    name: "raw_tracepoint",
    testRun: {
      takes: "context",
      clock: "syscall-clock",
      since: "5.10",
      defaultContext: { name: "zeros:96", sizeBytes: 96 },
      emptyReturns: 0
    }
  },
  { id: 18, name: "cgroup_sock_addr" },
  { id: 19, name: "lwt_seg6local", testRun: packet("4.19", 0) },
  { id: 20, name: "lirc_mode2" },
  { id: 21, name: "sk_reuseport" },
  { id: 22, name: "flow_dissector", testRun: packet("5.0", 0) },
  { id: 23, name: "cgroup_sysctl" },
  { id: 24, name: "raw_tracepoint_writable" },
  { id: 25, name: "cgroup_sockopt" },
  { id: 26, name: "tracing" },
  { id: 27, name: "struct_ops" },
  { id: 28, name: "ext" },
  { id: 29, name: "lsm" },
  {
    id: 30,
    name: "sk_lookup",
    testRun: {
      takes: "context",
      clock: "kernel-clock",
      since: "5.13",
      // struct bpf_sk_lookup: family, protocol, remote IPv4 and port, local IPv4 and port. Of all zeros the kernel
      // says EAFNOSUPPORT.
      defaultContext: {
        name: "tcp:ipv4",
        sizeBytes: 64,
        words: { 8: 2, 12: 6, 16: 175177931, 36: 20480, 40: 33685696, 60: 80 }
      },
      emptyReturns: 1
    }
  },
  {
    id: 31,
    name: "syscall",
    since: "5.14",
    testRun: {
      takes: "context",
      clock: "syscall-clock",
      since: "5.14",
      defaultContext: { name: "zeros:64", sizeBytes: 64 },
      emptyReturns: 0,
      loadFlags: 16
      // BPF_F_SLEEPABLE
    }
  },
  { id: 32, name: "netfilter", since: "6.4", testRun: packet("6.4", 1) }
];
function programTypeById(id) {
  return PROGRAM_TYPES.find((type) => type.id === id) ?? { id, name: `type_${id}` };
}

// src/guest/libbpf/runs.ts
var import_node_fs11 = require("node:fs");
var ATTR_BYTES2 = 80;
var RESULT_BYTES = 32;
function testRuns(clockLibrary, grid, fd, data, passes, clock, pause) {
  const attrs = memory(ATTR_BYTES2 * data.length);
  data.forEach(({ packet: packet2, context }, i) => {
    const at = i * ATTR_BYTES2;
    attrs.writeUInt32LE(fd, at);
    if (packet2) {
      attrs.writeUInt32LE(packet2.length, at + 8);
      attrs.writeBigUInt64LE(addressOf(packet2), at + 16);
    }
    if (context) {
      attrs.writeUInt32LE(context.length, at + 40);
      attrs.writeBigUInt64LE(addressOf(context), at + 48);
    }
  });
  const runs = data.length * passes;
  const results = memory(RESULT_BYTES * runs);
  results.fill(1);
  const [slotNs, phaseNs] = [grid.tickNs * SLOT_TICKS, grid.phaseNs + ALIGN_OFFSET_NS];
  if (pause) {
    clockLibrary.align(slotNs, slotNs + phaseNs - grid.tickNs);
    pause();
  }
  clockLibrary.align(slotNs, phaseNs);
  clockLibrary.runs(attrs, data.length, results, runs, grid.tickNs, grid.phaseNs, ROOM_NS);
  pause?.();
  return Array.from({ length: runs }, (_, i) => {
    const at = i * RESULT_BYTES;
    return {
      insns: clock === "kernel-clock" ? results.readUInt32LE(at + 8) : Number(results.readBigUInt64LE(at)),
      error: results.readInt32LE(at + 12),
      retval: results.readUInt32LE(at + 16)
    };
  });
}
var ALIGN_OFFSET_NS = 3e5;
var SLOT_TICKS = 25;
var ROOM_NS = 15e5;
function loadEmpty(type, expectedAttachType, flags) {
  const options = memory(96);
  options.writeBigUInt64LE(96n, 0);
  options.writeUInt32LE(expectedAttachType, 12);
  options.writeUInt32LE(flags | (type.loadFlags ?? 0), 20);
  const value = instruction(183, type.emptyReturns);
  return Number(libbpf().bpf_prog_load(type.id, "tollgate_empty", "GPL", twoInsns(value, EXIT2), 2, options));
}
function seedRandomNumbers() {
  const draw = instruction(133, BPF_FUNC_GET_PRANDOM_U32);
  const fd = Number(
    libbpf().bpf_prog_load(SOCKET_FILTER, "tollgate_random", "GPL", twoInsns(draw, EXIT2), 2, null)
  );
  if (fd >= 0) (0, import_node_fs11.closeSync)(fd);
}
var SOCKET_FILTER = 1;
var BPF_FUNC_GET_PRANDOM_U32 = 7;
function instruction(code, immediate) {
  const bytes = Buffer.alloc(8);
  bytes[0] = code;
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}
var EXIT2 = instruction(149, 0);
function twoInsns(first, second) {
  const insns = memory(16);
  first.copy(insns);
  second.copy(insns, 8);
  return insns;
}
function findTicks(clockLibrary) {
  const most = 64;
  const out = memory(most * 8);
  const found = clockLibrary.gaps(6e7, out, most);
  const times = Array.from({ length: found }, (_, i) => Number(out.readBigUInt64LE(i * 8)));
  const steps = times.slice(1).map((time2, i) => Math.round((time2 - times[i]) / 1e5) * 1e5);
  const counts = /* @__PURE__ */ new Map();
  for (const step of steps.filter((s) => s >= 9e5)) counts.set(step, (counts.get(step) ?? 0) + 1);
  const tickNs = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 4e6;
  const last = times.at(-1) ?? 0;
  return { tickNs, phaseNs: last % tickNs };
}

// src/measurements/jit.ts
function straightLineLength(jited) {
  let at = 0;
  let count = 0;
  while (at < jited.length) {
    const found = STEPS.map((step) => step(jited, at)).find((step) => step !== void 0);
    if (!found) throw unknown2(jited, at);
    count++;
    if (found.ends) return count + (found.extra ?? 0);
    at = found.next;
  }
  throw unknown2(jited, at);
}
function exactly(hex, tail = 0) {
  const opcode = Buffer.from(hex, "hex");
  return (bytes, at) => {
    const end = at + opcode.length + tail;
    const isSame = opcode.every((byte, i) => bytes[at + i] === byte);
    return isSame && end <= bytes.length ? { next: end } : void 0;
  };
}
var nop = (bytes, at) => {
  let next = at;
  while (bytes[next] === 102 || bytes[next] === 46) next++;
  if (bytes[next] === 144) return { next: next + 1 };
  if (bytes[next] !== 15 || bytes[next + 1] !== 31) return void 0;
  const modrm = bytes[next + 2];
  if (modrm === void 0 || (modrm & 56) !== 0) return void 0;
  const mode = modrm >> 6;
  const hasSib = mode !== 3 && (modrm & 7) === 4;
  const isAbsolute = mode === 0 && ((modrm & 7) === 5 || hasSib && ((bytes[next + 3] ?? 0) & 7) === 5);
  const displacement = mode === 1 ? 1 : mode === 2 || isAbsolute ? 4 : 0;
  next += 3 + (hasSib ? 1 : 0) + displacement;
  return next <= bytes.length ? { next } : void 0;
};
var pushPop = (bytes, at) => {
  const opcodeAt = bytes[at] === 65 ? at + 1 : at;
  const opcode = bytes[opcodeAt];
  return opcode !== void 0 && opcode >= 80 && opcode <= 95 ? { next: opcodeAt + 1 } : void 0;
};
var ret = (bytes, at) => bytes[at] === 195 ? { next: at + 1, ends: true } : void 0;
var jump = (bytes, at) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isShort = bytes[at] === 235;
  if (!isShort && bytes[at] !== 233) return void 0;
  const end = at + (isShort ? 2 : 5);
  if (end > bytes.length) return void 0;
  const target = end + (isShort ? view.getInt8(at + 1) : view.getInt32(at + 1, true));
  if (target >= end && target < bytes.length) return { next: target };
  if (target >= 0 && target < end) return void 0;
  return isShort ? void 0 : { next: end, ends: true, extra: 1 };
};
var STEPS = [
  exactly("f30f1efa"),
  // endbr64, kernels with indirect branch tracking
  nop,
  pushPop,
  exactly("4889e5"),
  // mov rbp, rsp
  exactly("4883ec", 1),
  // sub rsp, imm8
  exactly("4881ec", 4),
  // sub rsp, imm32: 5.10 emits it for an empty stack as well
  exactly("4883c4", 1),
  // add rsp, imm8
  exactly("4881c4", 4),
  // add rsp, imm32
  exactly("4889e0"),
  // mov rax, rsp: the tail call counter's address, since 6.12
  exactly("31c0"),
  // xor eax, eax: the tail call counter, and return 0
  exactly("4831c0"),
  // xor rax, rax
  exactly("31ff"),
  // xor edi, edi
  exactly("4531ed"),
  // xor r13d, r13d: programs that were classic BPF
  exactly("b8", 4),
  // mov eax, imm32
  exactly("48c7c0", 4),
  // mov rax, imm32 sign-extended
  exactly("48b8", 8),
  // movabs rax, imm64
  exactly("c9"),
  // leave
  ret,
  jump
];
function unknown2(jited, at) {
  const hex = (from, to) => Buffer.from(jited.subarray(from, to)).toString("hex");
  const what = at >= jited.length ? "it ends without a return" : `unknown instruction ${hex(at, at + 16)} at byte ${at}`;
  return new TollgateError(
    "infrastructure",
    `Cannot count the instructions of an empty program's machine code: ${what} (of ${jited.length} bytes: ${hex(0, 128)})`,
    { reason: "unknown-machine-code" }
  );
}

// src/guest/guards.ts
var import_node_fs12 = require("node:fs");
var HARDEN = "/proc/sys/net/core/bpf_jit_harden";
function hardened({ jitHarden }, load2) {
  if (!jitHarden) return load2();
  (0, import_node_fs12.writeFileSync)(HARDEN, String(jitHarden));
  try {
    return load2();
  } finally {
    (0, import_node_fs12.writeFileSync)(HARDEN, "0");
  }
}
function spectreV2() {
  return (0, import_node_fs12.readFileSync)("/sys/devices/system/cpu/vulnerabilities/spectre_v2", "utf8").trim().slice(0, 1e3);
}

// src/guest/tail-calls.ts
var CODE_BYTES = 4096;
function tailCallsIn(pointer, program, sites) {
  const fd = libbpf().bpf_program__fd(pointer);
  const { jited } = programInfo(fd);
  let from = 0;
  return programImages(fd, LINES_LIMIT).flatMap(({ sizeBytes, lines }, part) => {
    const code = jited.subarray(from, from + sizeBytes);
    from += sizeBytes;
    const offsets = lines.map(({ offset }) => offset).sort((a, b) => a - b);
    return lines.filter(({ lineCol }) => sites.includes(lineCol)).map(({ lineCol, offset }) => {
      const end = offsets.find((next) => next > offset) ?? sizeBytes;
      const own2 = code.subarray(offset, Math.min(end, offset + CODE_BYTES));
      return {
        type: "tail-call",
        ...{ program, part, lineCol, offset, sizeBytes },
        code: Buffer.from(own2).toString("hex")
      };
    });
  });
}
var XDP = 6;
var PACKET = new Uint8Array(new ArrayBuffer(64));
function runEmpty({ clock, grid }) {
  const { id, testRun } = programTypeById(XDP);
  const fd = loadEmpty({ id, ...testRun }, 0, 0);
  if (fd >= 0) testRuns(clock, grid, fd, [{ packet: PACKET }], 1, testRun.clock);
}

// src/guest/libbpf/visits-log.ts
var LOG_LIMIT_BYTES = 1073741823;
var HELD_BYTES = 192 << 20;
var INSNS = 1e6;
function openVisitsLog(libraryPath) {
  const library = loadVisitsLibrary(libraryPath);
  const [counts, streams] = [memory(4 * INSNS), memory(4)];
  const address = BigInt(library.open(LOG_LIMIT_BYTES, counts, INSNS, streams));
  if (address < 0n) throw new Error(`no memory for the verifier's log: error ${-address}`);
  const isStreamed = streams.readUInt32LE() !== 0;
  return {
    address,
    sizeBytes: isStreamed ? LOG_LIMIT_BYTES : HELD_BYTES,
    isStreamed,
    close: () => {
      const [processed, bytes] = [memory(8), memory(8)];
      library.close(processed, bytes);
      const all = new Uint32Array(counts.buffer);
      const visits = [];
      for (let insn = 0; insn < INSNS; insn++) if (all[insn] > 0) visits.push([insn, all[insn]]);
      return {
        visits,
        processed: Number(processed.readBigUInt64LE()),
        logBytes: Number(bytes.readBigUInt64LE())
      };
    }
  };
}

// src/guest/visits.ts
function countVisits(job, elf, program, libraryPath) {
  const count = (refusedMaps) => {
    const log = openVisitsLog(libraryPath);
    const isLoaded2 = traceVisits(job, elf, program, refusedMaps, log);
    return { ...log.close(), isLoaded: isLoaded2, sizeBytes: log.sizeBytes };
  };
  const whole = count([]);
  const found = whole.logBytes > 0 ? whole : count(findRefusedMaps(job, elf));
  const { visits, processed, isLoaded, sizeBytes } = found;
  const counted = visits.reduce((sum, [, times]) => sum + times, 0);
  if (processed > 0 && (counted === processed || !isLoaded && counted === processed - 1))
    return { type: "visits", program, processed, visits: visits.flat() };
  const absent2 = processed === 0 ? `the verifier's log exceeds ${sizeBytes} bytes, or ends without its statistics` : `the verifier's log tells of ${counted} visits, its statistics of ${processed}`;
  return { type: "visits", program, processed, visits: [], absent: absent2 };
}
function findRefusedMaps(job, elf) {
  const { loadable, object } = findLoadable(job, elf);
  object.close();
  return loadable.refusedMaps;
}

// src/guest/runner.ts
function runJob(guest, job) {
  const started = process.hrtime.bigint();
  const elf = blobIn(guest.window, job.elf);
  try {
    guest.channel.send({ type: "progress", step: "load" });
    if (job.reportVisits !== void 0) {
      guest.channel.send(countVisits(job, elf, job.reportVisits, guest.visitsPath));
      return;
    }
    const { loadable, object } = findLoadable(job, elf);
    const loaded = takeStatics(guest, job, loadable, object);
    const loadedAt = process.hrtime.bigint();
    const runs = measureAll(guest, job, elf, loadable, loaded);
    const sequel = decodeSequel(guest.window);
    if (job.jitHarden !== void 0) guest.channel.send({ type: "guards", spectreV2: spectreV2() });
    if (sequel) reportCode2(guest, job, loadable, runs, sequel);
    guest.channel.send({
      type: "seconds",
      load: seconds(loadedAt - started),
      measure: seconds(process.hrtime.bigint() - loadedAt)
    });
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    guest.channel.send({ type: "object-rejected", reason: cause.message.slice(-6e4) });
  }
}
function seconds(ns) {
  return (Number(ns) / 1e9).toFixed(3);
}
function takeStatics({ channel }, job, loadable, object) {
  if (job.reportStatics) {
    for (const { name, section, typeId } of loadable.programs)
      channel.send({ type: "program", program: name, section, programType: programTypeById(typeId).name });
    for (const { name, reason, log } of loadable.refusedPrograms)
      channel.send({
        type: "measurement",
        program: name,
        metric: "load_ok",
        value: "0",
        note: reason.slice(0, 2e3),
        log: log.slice(-LOG_TAIL_CHARACTERS)
      });
  }
  try {
    return object.programs.map((program) => describe2(program));
  } finally {
    object.close();
  }
}
var LOG_TAIL_CHARACTERS = 64e3;
function describe2(program) {
  return {
    name: program.name,
    section: program.section,
    type: programTypeById(program.typeId),
    insnCount: Number(libbpf().bpf_program__insn_cnt(program.pointer)),
    log: textOf(program.log),
    ...programInfo(libbpf().bpf_program__fd(program.pointer))
  };
}
function measureAll(guest, job, elf, loadable, programs) {
  const runs = [];
  const port = runPort(guest, job, elf, loadable, runs);
  for (const program of programs) {
    const wanted = job.programs.find((candidate) => candidate.name === program.name);
    if (!wanted || !job.reportStatics && wanted.inputs.length === 0) continue;
    if (job.reportStatics)
      guest.channel.send({ type: "measurement", program: program.name, metric: "load_ok", value: "1" });
    guest.channel.send({ type: "progress", step: "measure", program: program.name });
    const subject = {
      program,
      inputs: wanted.inputs,
      port,
      ...wanted.notRun === void 0 ? {} : { notRun: wanted.notRun }
    };
    for (const kind of MEASUREMENTS.filter((each) => each.runs || job.reportStatics))
      for (const figure of kind.measure(subject)) guest.channel.send(recordOf(program.name, figure));
  }
  return runs;
}
function recordOf(program, { value, ...figure }) {
  return {
    type: "measurement",
    program,
    ...figure,
    ...value === void 0 ? {} : { value: String(value) }
  };
}
function runPort(guest, job, elf, loadable, ran) {
  const emptyRuns = /* @__PURE__ */ new Map();
  return {
    run: (programName, input, passes) => {
      const setUp = job.programs.find((candidate) => candidate.name === programName);
      let object;
      try {
        object = hardened(job, () => loadObject(job, elf, loadable, setUp));
      } catch (cause) {
        if (cause instanceof ObjectRejected) return { reason: cause.message.slice(0, 2e3) };
        throw cause;
      }
      try {
        const program = object.programs.find((candidate) => candidate.name === programName);
        const type = programTypeById(program.typeId);
        const testRun = type.testRun;
        const data = runData(guest, input);
        const fd = libbpf().bpf_program__fd(program.pointer);
        const empty = emptyRun(guest, program, data[0], emptyRuns);
        if ("reason" in empty) return empty;
        const { overhead } = empty;
        const images = imagesOf(object, program);
        announce(guest, images, data.length, passes);
        const pause = pauseIfAsked(guest);
        const raw = testRuns(guest.clock, guest.grid, fd, data, passes, testRun.clock, pause);
        announce(guest, [], 0, 0);
        ran.push({
          type: "runs",
          number: ran.length,
          program: programName,
          input: input.name,
          passes,
          insns: raw.map(({ error: error2, insns }) => error2 === 0 ? insns - overhead : -1),
          images: images.map(textOfImage)
        });
        return runsOf(raw, data.length, overhead, testRun.since);
      } finally {
        object.close();
      }
    }
  };
}
function runsOf(raw, packets, overhead, since) {
  const failed = raw.findIndex((run3) => run3.error !== 0);
  if (raw.every((run3) => run3.error !== 0)) return refusal2(raw[0].error, since);
  const refused = new Set(raw.flatMap((run3, i) => run3.error === 0 ? [] : [i % packets]));
  const taken = Array.from({ length: packets }, (_, packet2) => packet2).filter(
    (packet2) => !refused.has(packet2)
  );
  return {
    passes: Array.from(
      { length: raw.length / packets },
      (_, pass) => taken.map((packet2) => {
        const { insns, retval } = raw[pass * packets + packet2];
        return { insns: insns - overhead, retval };
      })
    ),
    ...failed < 0 ? {} : {
      note: `${refused.size} of ${packets} packets are left out: the kernel refuses them (${errorName(raw[failed].error)}), first packet ${failed % packets + 1}`
    }
  };
}
function announce({ window, clock }, images, packets, passes) {
  window.set(encodeSubject({ images, packets, passes }), SUBJECT_AT);
  clock.markSubject();
}
function pauseIfAsked({ window, pause }) {
  if (window[PAUSES_AT] !== PAUSES.asked) return void 0;
  return () => {
    window[PAUSES_AT] = PAUSES.paused;
    pause();
  };
}
function reportCode2(guest, job, loadable, runs, sequel) {
  const { channel } = guest;
  for (const record of runs) if (sequel.reportCode.includes(record.program)) channel.send(record);
  if (!sequel.probed) return;
  let object;
  try {
    const { probed } = sequel;
    object = hardened(job, () => loadObject(job, blobIn(guest.window, probed), loadable));
  } catch (cause) {
    if (cause instanceof ObjectRejected) return;
    throw cause;
  }
  if (sequel.tailCalls) {
    for (const { pointer, name } of object.programs)
      for (const record of tailCallsIn(pointer, name, sequel.tailCalls)) channel.send(record);
    object.close();
    runEmpty(guest);
    return;
  }
  reportLines(channel, object, sequel.reportCode);
  object.close();
}
function emptyRun(guest, like, data, known) {
  const key = [like.typeId, like.expectedAttachType, like.flags, data.context?.length].join();
  const found = known.get(key) ?? measureEmpty(guest, like, data);
  known.set(key, found);
  return found;
}
var EMPTY_RUNS = 9;
function measureEmpty({ clock, grid }, like, data) {
  const { id, testRun } = programTypeById(like.typeId);
  const fd = loadEmpty({ id, ...testRun }, like.expectedAttachType, like.flags);
  if (fd < 0)
    return {
      reason: `the kernel does not load an empty program of the type, to compare with: ${errorName(fd)}`
    };
  const runs = testRuns(clock, grid, fd, [data], EMPTY_RUNS, testRun.clock);
  const error2 = runs.find((run3) => run3.error !== 0)?.error;
  if (error2 !== void 0) return refusal2(error2, testRun.since);
  const own2 = straightLineLength(programInfo(fd).jited);
  return { overhead: steadyValue(runs.slice(1).map((run3) => run3.insns)) - own2 };
}
function refusal2(error2, since) {
  const name = errorName(error2);
  if (name !== "ENOTSUPP") return { reason: `BPF_PROG_TEST_RUN refuses it: ${name}` };
  const reason = "this kernel has no test run for the type (ENOTSUPP)";
  return isOlder(kernelRelease(), since) ? { reason, since } : { reason };
}
function runData(guest, input) {
  const context = input.context && blobIn(guest.window, input.context);
  if (input.packets.length === 0) return [context ? { context } : {}];
  return input.packets.map((blob) => ({
    packet: blobIn(guest.window, blob),
    ...context ? { context } : {}
  }));
}

// src/guest/timed.ts
function runTimedJob(guest, job) {
  const { channel } = guest;
  const sides = job.arms.flatMap((arm) => {
    channel.send({ type: "side", side: arm.side });
    const side = openSide(guest, arm);
    return side ? [side] : [];
  });
  const [head, base] = ["head", "base"].map((name) => sides.find(({ arm }) => arm.side === name));
  for (const { name, inputs, notRun } of (head ?? base)?.arm.programs ?? []) {
    for (const input of inputs) {
      channel.send({ type: "progress", step: "measure", program: name });
      const contestants = [head, base].flatMap((side) => side ? contestantOf(side, name, input.name) : []);
      if (contestants.length > 0) channel.send(measure(guest, job, name, input, contestants));
    }
    if (inputs.length === 0 && notRun !== void 0)
      channel.send({ type: "rounds", program: name, input: "", ...NO_ROUNDS, absent: { reason: notRun } });
  }
}
function openSide(guest, arm) {
  const { channel } = guest;
  const elf = blobIn(guest.window, arm.elf);
  try {
    const { loadable, object } = findLoadable(arm, elf);
    const { canTailCall } = object;
    const programs = takeStatics(guest, { reportStatics: true }, loadable, object);
    const port = { run: () => ({ reason: "timed mode counts no instructions" }) };
    for (const program of programs) {
      channel.send({ type: "measurement", program: program.name, metric: "load_ok", value: "1" });
      for (const kind of MEASUREMENTS.filter(({ runs }) => !runs))
        for (const figure of kind.measure({ program, inputs: [], port }))
          channel.send(recordOf(program.name, figure));
    }
    return { arm, elf, loadable, canTailCall, programs };
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    channel.send({ type: "object-rejected", reason: cause.message.slice(-6e4) });
    return void 0;
  }
}
function contestantOf({ arm, elf, loadable, canTailCall, programs }, name, inputName) {
  const program = programs.find((candidate) => candidate.name === name);
  const setUp = arm.programs.find((candidate) => candidate.name === name);
  const input = setUp?.inputs.find((candidate) => candidate.name === inputName);
  if (!program?.type.testRun || !setUp || !input) return [];
  const wanted = canTailCall ? loadable : withoutOthers(loadable, name);
  return [{ side: arm.side, input, type: program.type, load: () => loadCopy(arm, elf, wanted, setUp) }];
}
function withoutOthers(loadable, name) {
  const refused = new Set(loadable.refusedPrograms.map((program) => program.name));
  const others = loadable.programs.filter((program) => program.name !== name && !refused.has(program.name)).map((program) => ({ name: program.name, reason: "", log: "" }));
  return { ...loadable, refusedPrograms: [...loadable.refusedPrograms, ...others] };
}
var CACHE_LINE_BYTES = 64n;
function loadCopy(arm, elf, loadable, setUp) {
  const object = loadObject(arm, elf, loadable, setUp);
  const program = object.programs.find(({ name }) => name === setUp.name);
  const fd = Number(libbpf().bpf_program__fd(program.pointer));
  const address = programImages(fd, 0)[0]?.address ?? 0n;
  return { fd, program, place: Number(address % CACHE_LINE_BYTES), close: object.close };
}
var NO_ROUNDS = {
  head: [],
  base: [],
  empty: [],
  emptyAgain: [],
  discarded: { interrupted: 0, steal: 0, frequency: 0 },
  runsInBatch: 0,
  seconds: 0
};
function measure(guest, job, program, input, contestants) {
  const record = { type: "rounds", program, input: input.name };
  try {
    const found = takeRounds(guest, job, job.limits[program] ?? [], contestants);
    return "reason" in found ? { ...record, ...NO_ROUNDS, absent: found } : { ...record, ...found };
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    return { ...record, ...NO_ROUNDS, absent: { reason: cause.message.slice(0, 2e3) } };
  }
}
var BATCH_NS = 25e4;
var LONG_BATCH_NS = 1e7;
var WAITING_NS = 2e6;
var SIDE_NS = 1e7;
var REST_MS = 1;
function takeRounds(guest, job, limits, contestants) {
  const started = process.hrtime.bigint();
  const [first] = contestants;
  const random = seededRandom(job.seed);
  const data = contestants.map(({ input }) => runData(guest, input));
  const pools = contestants.map(({ load: load2 }) => openPool(load2));
  const seats = openSeats(first.type, contestants.length + 2);
  const empties = [0, 1].map(() => loadEmptyLike(pools[0].any()));
  try {
    const refused = empties.find((fd) => fd < 0);
    if (refused !== void 0)
      return {
        reason: `the kernel does not load an empty program of the type, to compare with: ${errorName(refused)}`
      };
    empties.forEach((fd, i) => {
      seats?.[i]?.put(fd);
    });
    const batching = calibrate(guest, contestants, pools, data, seats?.slice(2));
    if ("reason" in batching) return batching;
    const rounds = { head: [], base: [], empty: [], emptyAgain: [] };
    const discarded = { interrupted: 0, steal: 0, frequency: 0 };
    const secondsSoFar = () => Number(process.hrtime.bigint() - started) / 1e9;
    const state = () => ({
      ...rounds,
      discarded,
      runsInBatch: batching.repeat * batching.loops * data[0].length,
      seconds: Math.round(1e3 * secondsSoFar()) / 1e3
    });
    for (; ; ) {
      const kept = rounds.head.length || rounds.base.length;
      if (isLook(scheduleOf(job.bounds), kept) && isDecided(state(), limits, job)) break;
      if (kept >= job.bounds.mostRounds || secondsSoFar() >= job.bounds.seconds) break;
      const copies = drawCopies(pools, random);
      copies.forEach((copy, i) => {
        seats?.[2 + i]?.put(copy.fd);
      });
      const found = oneRound(guest, batching, random, [
        ...copies.map(({ fd }, i) => testRunsOf(fd, data[i], batching.repeat, batching.loops)),
        ...empties.map((fd) => testRunsOf(fd, data[0], batching.repeat, batching.loops))
      ]);
      if ("why" in found) discarded[found.why]++;
      else {
        contestants.forEach(({ side }, i) => {
          rounds[side].push(found.ns[i]);
        });
        rounds.empty.push(found.ns.at(-2));
        rounds.emptyAgain.push(found.ns.at(-1));
      }
      for (const pool of pools) pool.renew();
      sleep(REST_MS);
    }
    return { ...state(), ...batching.note === void 0 ? {} : { note: batching.note } };
  } finally {
    for (const seat of seats ?? []) seat.close();
    for (const fd of empties) if (fd >= 0) closeFd2(fd);
    for (const pool of pools) pool.close();
  }
}
function isDecided(rounds, limits, { bounds, level }) {
  if (isTooNoisy(rounds)) return false;
  return comparable(rounds, limits).every((limit) => {
    const { beyond, within } = leaning(rounds, limit, bounds);
    return beyond <= level || within <= KEPT_LEVEL;
  });
}
function comparable({ head, base }, limits) {
  if (head.length === 0) return [];
  return limits.filter((limit) => !isRelative(limit) || base.length > 0);
}
function oneRound({ timing, cpu }, { repeat, loops, groups }, random, programs) {
  const batches = programs.map(() => []);
  let interrupted = 0;
  const run3 = (i) => {
    const runs = programs[i];
    const { onCpuNs, involuntary } = timing.batch(runs);
    if (involuntary > 0) interrupted++;
    else batches[i].push(onCpuNs / (repeat * loops * runs.count));
  };
  const { during, why } = watch(cpu);
  const empties = [programs.length - 2, programs.length - 1];
  during(() => {
    for (const runs of programs) timing.batch({ ...runs, loops: Math.max(1, loops >> 2) });
    for (let group = 0; group < groups; group++) {
      const turn = random() < 0.5;
      const order = programs.slice(0, -2).map((_, i) => i);
      if (turn) {
        order.reverse();
        empties.reverse();
      }
      for (const i of [empties[0], ...order, ...order.toReversed(), empties[1]]) run3(i);
    }
  });
  const most = INTERRUPTED_SHARE * groups * (2 * (programs.length - 2) + 2);
  if (interrupted > most || batches.some(({ length }) => length === 0)) return { why: "interrupted" };
  const disturbance = why();
  if (disturbance) return { why: disturbance };
  return { ns: batches.map((times) => quantile(times, CHEAPER_QUARTER)) };
}
function watch(cpu) {
  let [tookMs, stolenMs, farthest] = [0, 0, 0];
  const begin = () => {
    const [steal, frequency] = [stolenTicks(cpu), frequencyKhz(cpu)];
    const began = process.hrtime.bigint();
    return () => {
      tookMs += Number(process.hrtime.bigint() - began) / 1e6;
      stolenMs += (stolenTicks(cpu) - steal) * TICK_MS;
      const now = frequencyKhz(cpu);
      if (now !== void 0 && frequency !== void 0)
        farthest = Math.max(farthest, Math.abs(now / frequency - 1));
    };
  };
  return {
    begin,
    during: (work) => {
      const end = begin();
      try {
        return work();
      } finally {
        end();
      }
    },
    why: () => {
      if (stolenMs > STEAL_SHARE * tookMs) return "steal";
      return farthest > FREQUENCY_SHARE ? "frequency" : void 0;
    }
  };
}
var stolenTicks = (cpu) => cpuTimes().get(cpu)?.steal ?? 0;
var CHEAPER_QUARTER = 0.25;
var INTERRUPTED_SHARE = 0.25;
var STEAL_SHARE = 0.05;
var FREQUENCY_SHARE = 0.05;
function openSeats(type, count) {
  return type.name === "xdp" ? Array.from({ length: count }, openSeat) : void 0;
}
function loadEmptyLike({ program }) {
  const { id, testRun } = programTypeById(program.typeId);
  return loadEmpty({ id, ...testRun }, program.expectedAttachType, program.flags);
}
function calibrate({ timing }, contestants, pools, data, seats) {
  const copies = pools.map((pool) => pool.any());
  copies.forEach((copy, i) => {
    seats?.[i]?.put(copy.fd);
  });
  const ran = copies.map(({ fd }, i) => timing.batch(testRunsOf(fd, data[i], 1, 1)));
  const refused = ran.find(({ error: error2 }) => error2 !== 0);
  if (refused) return refusal2(refused.error, contestants[0].type.testRun.since);
  const isPure = copies.every(({ fd }, i) => data[i].every((each) => leavesPacket(timing, fd, each)));
  const many = isPure ? copies.map(({ fd }, i) => timing.batch(testRunsOf(fd, data[i], 2, 1))) : [];
  const canRepeat = isPure && many.every(({ error: error2 }) => error2 === 0);
  const waits = canRepeat && many.some(({ wallNs, onCpuNs }) => wallNs - onCpuNs > WAITING_NS);
  const batchNs = waits ? LONG_BATCH_NS : BATCH_NS;
  const batchOf = (runs2) => canRepeat ? { repeat: Math.max(2, Math.round(runs2 / data[0].length)), loops: 1 } : { repeat: 1, loops: Math.max(1, Math.round(runs2 / data[0].length)) };
  const runsOf2 = (runs2) => batchOf(runs2).repeat * batchOf(runs2).loops;
  const timeOf = (runs2, times = 1) => {
    const { repeat, loops } = batchOf(runs2);
    const all = Array.from(
      { length: times },
      () => copies.map(({ fd }, i) => timing.batch(testRunsOf(fd, data[i], repeat, loops)).onCpuNs)
    );
    return Math.max(...copies.map((_, i) => Math.min(...all.map((each) => each[i]))));
  };
  let runs = data[0].length;
  let took = timeOf(runs, 3);
  while (took < batchNs / 2 && runs < MOST_RUNS) {
    runs = Math.min(
      MOST_RUNS,
      Math.ceil(runs * Math.min(10, Math.max(2, 0.9 * batchNs / Math.max(1, took))))
    );
    took = timeOf(runs, 3);
  }
  const once3 = timeOf(runs, PROPORTION_BATCHES);
  const proportions = Array.from({ length: PROPORTION_TRIES }, () => {
    const pairs = Array.from({ length: PROPORTION_BATCHES }, () => [timeOf(runs), timeOf(2 * runs)]);
    const [one, two] = [0, 1].map(
      (i) => quantile(
        pairs.map((pair) => pair[i]),
        CHEAPER_QUARTER
      )
    );
    return two / one / (runsOf2(2 * runs) / runsOf2(runs));
  });
  const nearest = proportions.reduce((best, each) => Math.abs(each - 1) < Math.abs(best - 1) ? each : best);
  if (Math.abs(nearest - 1) > PROPORTION_SHARE)
    return {
      reason: `runs are not alike: of twice as many each takes ${nearest.toFixed(2)} times as long, so there is no cost of one`
    };
  return {
    ...batchOf(runs),
    groups: Math.max(1, Math.min(20, Math.round(SIDE_NS / (2 * once3)))),
    ...canRepeat ? {} : { note: `one run a system call: ${isPure ? "the type takes no more" : "a run changes its packet"}` }
  };
}
var MOST_RUNS = 4e6;
var PROPORTION_TRIES = 5;
var PROPORTION_BATCHES = 6;
var PROPORTION_SHARE = 0.2;
var POOL = 8;
var POOL_MS = 40;
function openPool(load2) {
  const copies = [];
  const drawn = [];
  const started = process.hrtime.bigint();
  do
    copies.push(load2());
  while (copies.length < POOL && Number(process.hrtime.bigint() - started) < POOL_MS * 1e6);
  const size2 = copies.length;
  return {
    copies,
    any: () => copies[0],
    add: () => copies.push(load2()),
    draw: (copy) => {
      copies.splice(copies.indexOf(copy), 1);
      drawn.push(copy);
    },
    renew: () => {
      for (const copy of drawn.splice(0)) copy.close();
      while (copies.length > POOL) copies.shift().close();
      while (copies.length < size2) copies.push(load2());
    },
    close: () => {
      for (const copy of [...copies, ...drawn]) copy.close();
    }
  };
}
function drawCopies(pools, random) {
  const started = process.hrtime.bigint();
  for (; ; ) {
    const matches = matchesOf(pools);
    const isLate = Number(process.hrtime.bigint() - started) > MATCH_MS * 1e6;
    if (matches.length > 0 || isLate) {
      const chosen = matches[Math.floor(random() * matches.length)] ?? pools.map((pool) => pool.any());
      chosen.forEach((copy, i) => {
        pools[i].draw(copy);
      });
      return chosen;
    }
    for (const pool of random() < 0.5 ? pools : pools.toReversed()) pool.add();
  }
}
var MATCH_MS = 60;
function matchesOf(pools) {
  const [first, second] = pools;
  if (!second) return first.copies.map((copy) => [copy]);
  return first.copies.flatMap(
    (copy) => second.copies.filter(({ place }) => place === copy.place).map((other) => [copy, other])
  );
}

// src/guest/placement.ts
var import_node_fs13 = require("node:fs");
function steerSoftirqs(bed, cpu) {
  const other = otherCpu(cpu);
  if (other === void 0)
    return { reason: "softirqs cannot run on another CPU: there is one that this process may run on" };
  const setAll = (mask) => ["sender", "receiver"].map((side) => inNamespace(bed[side].namespaceFd, () => setMask(side, mask))).find((why2) => why2 !== void 0);
  const release = () => {
    setAll(0n);
  };
  const why = setAll(1n << BigInt(other));
  if (why !== void 0) {
    release();
    return { reason: `softirqs cannot be had on another CPU: ${why}` };
  }
  const handedOver = () => receivedRps((0, import_node_fs13.readFileSync)("/proc/net/softnet_stat", "utf8"), other);
  return { cpu: other, handedOver, release };
}
function receivedRps(softnet, cpu) {
  const lines = softnet.trim().split("\n").map((line) => line.trim().split(/\s+/));
  const own2 = lines.find((columns) => columns[12] !== void 0 && Number.parseInt(columns[12], 16) === cpu);
  return Number.parseInt(own2?.[9] ?? "0", 16);
}
var SYS_FSOPEN = 430;
var SYS_FSCONFIG = 431;
var SYS_FSMOUNT = 432;
var FSCONFIG_CMD_CREATE = 6;
function setMask(side, mask) {
  const context = libc().syscall4(SYS_FSOPEN, addressOf(cString("sysfs")), 0, 0);
  if (context < 0) return `fsopen: ${errorName(errno())}`;
  let root = -1;
  try {
    if (libc().syscall6(SYS_FSCONFIG, BigInt(context), FSCONFIG_CMD_CREATE, 0, 0, 0) < 0)
      return `fsconfig: ${errorName(errno())}`;
    root = libc().syscall4(SYS_FSMOUNT, context, 0, 0);
    if (root < 0) return `fsmount: ${errorName(errno())}`;
    const words = mask.toString(16).replace(/\B(?=(?:[0-9a-f]{8})+$)/g, ",");
    (0, import_node_fs13.writeFileSync)(`/proc/self/fd/${root}/class/net/${side}/queues/rx-0/rps_cpus`, words);
    return void 0;
  } catch (cause) {
    return String(cause);
  } finally {
    if (root >= 0) (0, import_node_fs13.closeSync)(root);
    (0, import_node_fs13.closeSync)(Number(context));
  }
}

// src/guest/timed-hooks.ts
var REST_MS2 = 1;
var CLOCK_READS = 1e3;
function runTimedHookJob(guest, job) {
  const { bed, cpu } = guest;
  const steering = job.placement === "split" && !("reason" in bed) ? steerSoftirqs(bed, cpu) : void 0;
  try {
    takeRounds2(guest, job, steering);
  } finally {
    if (steering && !("reason" in steering)) steering.release();
  }
}
function takeRounds2(guest, job, steering) {
  const { channel, timing, cpu, bed, isShared } = guest;
  const started = process.hrtime.bigint();
  const seconds2 = () => Number(process.hrtime.bigint() - started) / 1e9;
  const ticksPerNs = timing.tscPerNs();
  const arms = job.arms.map((blob) => {
    const own2 = blobIn(guest.window, blob);
    return { window: own2, job: decodeJob(own2) };
  });
  const run3 = (arm, during) => {
    const events = [];
    const collect = (record) => {
      if (record.type !== "events") return;
      const { stimulus, ...rest } = record;
      events.push({ ...rest, stimulus: unspun(stimulus) });
    };
    const refused = steering && ("reason" in steering ? steering : whyNotSplit(arm.job));
    if (refused) return nothingOf(arm.job, refused);
    try {
      const own2 = { window: arm.window, channel: { ...channel, send: collect }, bed, isShared };
      runHookJob({ ...own2, ...during ? { during } : {} }, steering ? spun(arm.job) : arm.job);
    } catch (cause) {
      return nothingOf(arm.job, { reason: messageOf(cause).slice(0, 2e3) });
    }
    return events;
  };
  const rounds = [];
  const discarded = { interrupted: 0, steal: 0, frequency: 0 };
  const random = seededRandom(job.seed);
  const first = warmUp2();
  const isAbsent = first.map((events) => events.some(({ absent: absent2 }) => absent2));
  while (rounds.length < job.bounds.mostRounds && seconds2() < job.bounds.seconds) {
    const { during, why: disturbance } = watch(cpu);
    const taken = arms.map(() => []);
    for (const i of shuffled(arms.length, random)) if (!isAbsent[i]) taken[i] = run3(arms[i], during);
    const isBroken = taken.flat().some(({ absent: absent2 }) => absent2);
    const why = isBroken ? "interrupted" : disturbance();
    if (why) discarded[why]++;
    else rounds.push(taken);
    sleep(REST_MS2);
  }
  for (const [arm, events] of first.entries())
    for (const { stimulus, absent: absent2 } of events)
      channel.send(
        absent2 ? { type: "arm-rounds", arm, stimulus, ...NONE2, absent: absent2 } : recordOf2(
          arm,
          stimulus,
          rounds.map((taken) => taken[arm].find((each) => each.stimulus === stimulus)),
          ticksPerNs
        )
      );
  channel.send({
    type: "hook-rounds",
    discarded,
    clockNs: round(quantile(timing.tscReads(CLOCK_READS), 0.5) / ticksPerNs),
    seconds: round(seconds2())
  });
  function warmUp2() {
    const handedOver = steering && !("reason" in steering) ? steering.handedOver() : 0;
    const all = arms.map((arm) => run3(arm));
    if (!steering || "reason" in steering) return all;
    const count = steering.handedOver() - handedOver;
    const sent = Math.max(...all.flat().map((events) => events.sent.length));
    if (count >= sent) return all;
    const reason = `of ${sent} packets in an arm only ${count} were handed to CPU ${steering.cpu} by receive packet steering`;
    return arms.map((arm) => nothingOf(arm.job, { reason }));
  }
}
var nothingOf = ({ stimuli }, absent2) => stimuli.map(({ name }) => ({ type: "events", stimulus: name, sent: [], done: [], absent: absent2 }));
var SPUN = { udp: "udp_spin", udp_rtt: "udp_rtt_spin" };
var spun = (job) => ({
  ...job,
  stimuli: job.stimuli.map((task) => ({ ...task, name: SPUN[task.name] }))
});
var unspun = (name) => Object.keys(SPUN).find((plain) => SPUN[plain] === name) ?? name;
function whyNotSplit({ stimuli }) {
  const other = stimuli.find(({ name }) => !(name in SPUN));
  return other && { reason: `'${other.name}' is not sent with its softirqs on another CPU: only udp is` };
}
var NONE2 = {
  ...{ sent: [], done: [], mean: [], p50: [], p99: [] },
  ...{ count: 0, lost: 0 }
};
function recordOf2(arm, stimulus, rounds, ticksPerNs) {
  const arrived = rounds.map(({ done }) => done.filter((ticks) => ticks >= 0));
  const ns = (ticks) => round(ticks / ticksPerNs);
  const of = (share, all) => all.map((values) => values.length === 0 ? -1 : ns(quantile(values, share)));
  const count = rounds.reduce((sum, { done }) => sum + done.length, 0);
  return {
    type: "arm-rounds",
    arm,
    stimulus,
    sent: of(
      CHEAPER_QUARTER,
      rounds.map(({ sent }) => sent)
    ),
    done: of(CHEAPER_QUARTER, arrived),
    mean: arrived.map(
      (values) => values.length === 0 ? -1 : ns(values.reduce((sum, value) => sum + value, 0) / values.length)
    ),
    p50: of(0.5, arrived),
    p99: of(0.99, arrived),
    count,
    lost: count - arrived.reduce((sum, { length }) => sum + length, 0)
  };
}
var round = (value) => Math.round(value * 1e3) / 1e3;
function shuffled(count, random) {
  return Array.from({ length: count }, (_, i) => ({ i, lot: random() })).sort((a, b) => a.lot - b.lot).map(({ i }) => i);
}

// src/guest/timed-load.ts
var import_node_os = require("node:os");
var import_node_path3 = require("node:path");

// src/model/iperf3.ts
var finite = number2().finite();
var sumSchema = looseObject({
  bytes: finite.nonnegative(),
  bits_per_second: finite.nonnegative(),
  retransmits: finite.nonnegative().optional(),
  /** UDP only. */
  lost_packets: finite.optional(),
  packets: finite.nonnegative().optional()
});
var reportSchema = looseObject({
  error: string2().optional(),
  end: looseObject({
    sum: sumSchema.optional(),
    sum_sent: sumSchema.optional(),
    sum_received: sumSchema.optional()
  })
});
function parseIperf3(text) {
  if (text.length > IPERF3_REPORT_LIMIT) throw new RangeError(`${text.length} characters`);
  let parsed;
  try {
    parsed = reportSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new RangeError(`iperf3's report is none: ${text.slice(0, 80)}`, { cause });
  }
  const { error: error2, end } = parsed;
  if (error2 !== void 0) throw new RangeError(`iperf3 says '${error2.slice(0, 500)}'`);
  const sent = end.sum_sent ?? end.sum;
  if (!sent) throw new RangeError("iperf3's report has no sum");
  const lost = end.sum?.lost_packets;
  return {
    bytes: sent.bytes,
    bitsPerSecond: (end.sum_received ?? sent).bits_per_second,
    ...sent.retransmits === void 0 ? {} : { retransmits: sent.retransmits },
    ...lost === void 0 ? {} : { lost }
  };
}

// src/guest/load.ts
var import_node_child_process2 = require("node:child_process");
var import_node_events = require("node:events");
var import_node_fs19 = require("node:fs");
var import_node_path2 = require("node:path");

// src/model/net-parts.ts
var EVENTS2 = [
  // __napi_poll: NAPI in a thread of its own (since 5.12)
  { name: "rx_softirq", functions: ["net_rx_action", "__napi_poll"] },
  { name: "tx_softirq", functions: ["net_tx_action"] },
  {
    name: "sock_send",
    // sock_sendmsg is a wrapper of __sock_sendmsg since 6.6, and was made one in older series, too
    functions: ["sock_write_iter", "sock_sendmsg", "__sock_sendmsg", "__sys_sendto", "____sys_sendmsg"]
  },
  {
    name: "sock_recv",
    functions: ["sock_read_iter", "sock_recvmsg", "__sys_recvfrom", "____sys_recvmsg"]
  },
  // timers, RCU; network softirqs within are their own. handle_softirqs since 6.10
  { name: "other_softirq", functions: ["__do_softirq", "handle_softirqs"] },
  { name: "hard_irq", functions: ["common_interrupt", "sysvec_apic_timer_interrupt"] },
  { name: "idle", functions: ["do_idle"] }
];
var PARTS = [
  { name: "driver poll", functions: ["veth_poll", "process_backlog", "veth_xdp_rcv"] },
  { name: "driver transmit", functions: ["veth_xmit"] },
  {
    name: "GRO",
    functions: [
      "napi_gro_receive",
      "gro_receive_skb",
      "napi_gro_flush",
      "gro_flush_normal",
      "napi_gro_frags"
    ]
  },
  { name: "XDP native", functions: ["veth_xdp_rcv_skb", "veth_xdp_rcv_one"] },
  { name: "XDP generic", functions: ["do_xdp_generic", "netif_receive_generic_xdp"] },
  {
    name: "receive",
    functions: [
      "netif_receive_skb_list_internal",
      "netif_receive_skb_internal",
      "__netif_receive_skb",
      "__netif_receive_skb_one_core",
      "__netif_receive_skb_list_core",
      "__netif_receive_skb_core"
    ]
  },
  {
    name: "transmit",
    functions: ["__dev_queue_xmit", "dev_hard_start_xmit", "sch_direct_xmit", "__qdisc_run"]
  },
  {
    name: "tc",
    functions: [
      "tcf_classify",
      "tcf_classify_ingress",
      "cls_bpf_classify",
      "tc_run",
      "sch_handle_ingress",
      "sch_handle_egress"
    ]
  },
  { name: "netfilter", functions: ["nf_hook_slow", "nf_hook_slow_list", "nf_conntrack_in"] },
  { name: "bridge", functions: ["br_handle_frame", "br_dev_xmit", "br_forward"] },
  { name: "forwarding", functions: ["ip_forward", "ip6_forward"] },
  {
    name: "IP",
    functions: [
      "ip_rcv",
      "ip_list_rcv",
      "ip_local_deliver",
      "__ip_queue_xmit",
      "ip_queue_xmit",
      "ip_output",
      "ip_send_skb",
      "ip_make_skb",
      "ip_append_data",
      "ip_route_output_flow"
    ]
  },
  {
    name: "TCP",
    functions: [
      "tcp_v4_rcv",
      "tcp_sendmsg",
      "tcp_recvmsg",
      "__tcp_transmit_skb",
      "tcp_write_xmit",
      "tcp_release_cb",
      "tcp_v4_do_rcv",
      "tcp_tasklet_func",
      "tcp_tsq_workfn"
    ]
  },
  { name: "UDP", functions: ["udp_rcv", "__udp4_lib_rcv", "udp_sendmsg", "udp_recvmsg", "udp_send_skb"] },
  {
    name: "wake-up",
    functions: ["sock_def_readable", "sock_def_write_space", "sk_stream_write_space", "tcp_data_ready"]
  },
  { name: "copy to user", functions: ["skb_copy_datagram_iter", "_copy_to_iter", "copy_page_to_iter"] },
  {
    name: "copy from user",
    functions: [
      "_copy_from_iter",
      "_copy_from_iter_full",
      "copy_page_from_iter",
      "copyin",
      "_copy_from_iter_nocache"
    ]
  },
  { name: "BPF in cgroups", functions: ["__cgroup_bpf_run_filter_skb"] }
];
var OTHER = "other";
function partOfStack(stack, {
  program,
  namesAt
}) {
  for (const [i, address] of stack.entries()) {
    const at = i === 0 ? address : address - 1n;
    const name = program(at);
    if (name !== void 0) return `bpf ${name}`;
    for (const symbol of namesAt(at)) {
      const says = SAYS.get(symbol.replace(/\..*$/, ""));
      if (says !== void 0) return says;
    }
  }
  return OTHER;
}
function partNumberOf(symbol) {
  const name = symbol.replace(/\..*$/, "");
  const at = PARTS.findIndex(({ functions }) => functions.includes(name));
  return at < 0 ? void 0 : at + 1;
}
var SAYS = new Map([
  ...EVENTS2.flatMap(({ functions }) => functions.map((name) => [name, OTHER])),
  ...PARTS.flatMap((part) => part.functions.map((name) => [name, part.name]))
]);

// src/guest/monitor.ts
var import_node_fs15 = require("node:fs");

// src/guest/samples.ts
var import_node_fs14 = require("node:fs");
var DRAIN_MS = 200;
var HALF_MS = 2 * DRAIN_MS;
var LEAST_ROOM = 64;
function sampleMapSizes(hz, processors) {
  return { samples: 2 * processors * roomFor(hz), taken: 2 * processors };
}
var roomFor = (hz) => Math.max(LEAST_ROOM, Math.ceil(hz * HALF_MS / 1e3));
var STACK_MAX = 64;
var SAMPLE_BYTES = 8 + 8 * STACK_MAX;
var TAKEN_BYTES = 40;
var CONTROL_BYTES = 16;
var PAGE_BYTES = 4096;
var COPIES_LIMIT_BYTES = 64 << 20;
var SYS_MUNMAP = 11;
var SYS_MEMBARRIER = 324;
var MEMBARRIER_CMD_GLOBAL = 1;
function startSampler(object, hz, events) {
  const processors = Number(libbpf().libbpf_num_possible_cpus());
  const room = roomFor(hz);
  const samples = mapped(object, "samples", 2 * processors * room * SAMPLE_BYTES);
  const taken = mapped(object, "taken", 2 * processors * TAKEN_BYTES);
  const control2 = mapped(object, "control", CONTROL_BYTES);
  for (const [i, value] of [0, processors, room].entries()) control2.writeUInt32LE(value, 4 * i);
  const program = object.programs.find(({ name }) => name === SAMPLING_PROGRAM);
  if (!program) throw new Error(`the monitor has no '${SAMPLING_PROGRAM}'`);
  const fd = libbpf().bpf_program__fd(program.pointer);
  const detach = [...cpuTimes().keys()].map((processor) => sampleClock(fd, processor, hz));
  const stacks = /* @__PURE__ */ new Map();
  let byEvent = events.map(() => 0);
  let lost = 0;
  const copies = [];
  let copiedBytes = 0;
  const drain = () => {
    const half = control2.readUInt32LE(0);
    control2.writeUInt32LE(1 - half, 0);
    if (libc().syscall4(SYS_MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
      throw new Error(`membarrier: ${errorName(errno())}`);
    for (let i = half * processors; i < (half + 1) * processors; i++) {
      const own2 = taken.subarray(i * TAKEN_BYTES, (i + 1) * TAKEN_BYTES);
      const count = Math.min(own2.readUInt32LE(0), room);
      lost += own2.readUInt32LE(4);
      byEvent = byEvent.map((before, event) => before + own2.readUInt32LE(8 + 4 * event));
      const bytes = count * SAMPLE_BYTES;
      copies.push(Buffer.from(samples.subarray(i * room * SAMPLE_BYTES, i * room * SAMPLE_BYTES + bytes)));
      copiedBytes += bytes;
      own2.fill(0);
    }
    if (copiedBytes > COPIES_LIMIT_BYTES) addUp();
  };
  const addUp = () => {
    for (const copy of copies.splice(0))
      for (let at = 0; at < copy.length; at += SAMPLE_BYTES) add(copy.subarray(at, at + SAMPLE_BYTES));
    copiedBytes = 0;
  };
  const add = (sample) => {
    const bytes = Math.max(0, Math.min(sample.readInt32LE(4), 8 * STACK_MAX));
    const key = sample.toString("latin1", 0, 4) + sample.toString("latin1", 8, 8 + bytes);
    const known = stacks.get(key);
    if (known) known.count++;
    else {
      const stack = Array.from({ length: bytes / 8 }, (_, i) => sample.readBigUInt64LE(8 + 8 * i));
      stacks.set(key, { event: sample.readUInt32LE(0), stack, count: 1 });
    }
  };
  const forget = () => {
    drain();
    addUp();
    const found = { all: [...stacks.values()], byEvent, lost };
    stacks.clear();
    [byEvent, lost] = [events.map(() => 0), 0];
    return found;
  };
  return {
    drain,
    forget,
    take: (programs) => {
      const found = forget();
      return summed(found, { hz, events, programs, own: new Set(object.programs.map(({ name }) => name)) });
    },
    close: () => {
      for (const each of detach) each();
      for (const each of [samples, taken, control2])
        libc().syscall4(SYS_MUNMAP, addressOf(each), each.length, 0);
    }
  };
}
var SAMPLING_PROGRAM = "take_sample";
function mapped(object, name, sizeBytes) {
  const map = object.maps.find((each) => each.name === name);
  if (!map) throw new Error(`the monitor has no map '${name}'`);
  const whole = Math.ceil(sizeBytes / PAGE_BYTES) * PAGE_BYTES;
  return mapShared(Number(libbpf().bpf_map__fd(map.pointer)), whole, 0);
}
function summed({ all, byEvent, lost }, {
  hz,
  events,
  programs,
  own: own2
}) {
  const symbols = kernelSymbols();
  const names = /* @__PURE__ */ new Map();
  const namesAt = (address) => {
    const known = names.get(address) ?? symbols(address);
    names.set(address, known);
    return known;
  };
  const program = (address) => {
    const image = programs.find(
      (each) => address >= each.address && address < each.address + BigInt(each.sizeBytes)
    );
    if (image) return image.name;
    const name = namesAt(address)[0]?.match(PROGRAM_SYMBOL)?.[1];
    return name === void 0 || own2.has(name) ? void 0 : name;
  };
  const counts = /* @__PURE__ */ new Map();
  for (const { event: number3, stack, count } of all) {
    const event = events[number3] ?? String(number3);
    const part = partOfStack(stack, { program, namesAt });
    const key = `${event}\0${part}`;
    const known = counts.get(key);
    if (known) known.samples += count;
    else counts.set(key, { event, part, samples: count });
  }
  return {
    hz,
    lost,
    events: Object.fromEntries(events.map((event, i) => [event, byEvent[i]])),
    counts: [...counts.values()].sort((a, b) => b.samples - a.samples)
  };
}
var PROGRAM_SYMBOL = /^bpf_prog_[0-9a-f]{16}_(.+)$/;
function kernelSymbols() {
  const found = [...(0, import_node_fs14.readFileSync)("/proc/kallsyms", "latin1").matchAll(/^([0-9a-f]{16}) [tTwW] (\S+)/gm)].map(
    ([, address, name]) => `${address}${name}`
  );
  found.sort();
  const at = BigUint64Array.from(found, (line) => BigInt(`0x${line.slice(0, 16)}`));
  return (address) => {
    let [low, high] = [0, at.length];
    while (low < high) {
      const middle = low + high >> 1;
      if (at[middle] <= address) low = middle + 1;
      else high = middle;
    }
    const names = [];
    for (let i = low - 1; i >= 0 && at[i] === at[low - 1]; i--) names.push(found[i].slice(16));
    return names;
  };
}

// src/guest/monitor.ts
var MONITOR_EVENTS = [
  "rest",
  "rx_softirq",
  "tx_softirq",
  "sock_send",
  "sock_recv",
  "other_softirq",
  "hard_irq",
  "idle",
  "steal"
];
var SAMPLED_EVENTS = MONITOR_EVENTS.filter((event) => event !== "steal");
function startMonitor(window, { name, elf, sampleHz }, known) {
  const processors = Number(libbpf().libbpf_num_possible_cpus());
  const mapSizes = sampleHz === void 0 ? {} : sampleMapSizes(sampleHz, processors);
  const job = { format: 1, object: name, elf, programs: [], mapSizes };
  const bytes = blobIn(window, elf);
  const { loadable, object } = known ? { loadable: known, object: loadObject(job, bytes, known) } : findLoadable(job, bytes);
  const links = [];
  let sampler;
  const close = () => {
    sampler?.close();
    for (const link of links) (0, import_node_fs15.closeSync)(link);
    object.close();
  };
  try {
    const unpaired = loadable.refusedPrograms.find((program) => NEEDED.has(program.name));
    if (unpaired) throw new ObjectRejected(`the kernel does not take '${unpaired.name}': ${unpaired.reason}`);
    const map = object.maps.find((each) => each.name === "counters");
    if (!map) throw new ObjectRejected("the kernel does not take its counters");
    const refused = new Set(loadable.refusedPrograms.map((program) => program.name));
    const isByCalls = refused.has(OF_FUNCTIONS);
    const programs = object.programs.filter(
      (program) => program.name !== SAMPLING_PROGRAM && (isByCalls || !OF_CALLS.has(program.name))
    );
    for (const { pointer } of programs) links.push(attachTracing(libbpf().bpf_program__fd(pointer)));
    if (sampleHz !== void 0) sampler = startSampler(object, sampleHz, SAMPLED_EVENTS);
    const fd = libbpf().bpf_map__fd(map.pointer);
    const sizeBytes = Number(libbpf().bpf_map__value_size(map.pointer));
    yieldOnce();
    const knowsSteal = readCounters(fd, sizeBytes).some((own2) => own2.readBigUInt64LE(STOLEN_AT) > 0n);
    return {
      name,
      attached: programs.map(({ section }) => section),
      missing: [
        ...[...refused].filter((program) => !OF_CALLS.has(program)),
        ...knowsSteal ? [] : [STEAL_ACCOUNT]
      ],
      read: (processor) => {
        yieldOnce();
        const atNs = process.hrtime.bigint();
        return { times: readTimes(fd, sizeBytes, processor), atNs };
      },
      ...sampler ? { sampler } : {},
      loadable,
      close
    };
  } catch (cause) {
    close();
    throw cause;
  }
}
var NEEDED = /* @__PURE__ */ new Set([
  "handle_softirq_entry",
  "handle_softirq_exit",
  "handle_irq_entry",
  "handle_irq_exit",
  "handle_switch"
]);
var OF_FUNCTIONS = "begin___sys_sendto";
var OF_CALLS = /* @__PURE__ */ new Set(["handle_sys_enter", "handle_sys_exit"]);
var SYS_BPF5 = 321;
var BPF_RAW_TRACEPOINT_OPEN2 = 17;
function attachTracing(fd) {
  const attr = memory(64);
  attr.writeUInt32LE(fd, 8);
  const link = libc().syscall4(SYS_BPF5, BPF_RAW_TRACEPOINT_OPEN2, addressOf(attr), attr.length);
  if (link < 0) throw new ObjectRejected(`the kernel does not attach it: ${errorName(errno())}`);
  return Number(link);
}
var STEAL_ACCOUNT = "steal (rq.prev_steal_time)";
function yieldOnce() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}
function readTimes(fd, sizeBytes, only) {
  const counters = readCounters(fd, sizeBytes);
  const wanted = only === void 0 ? counters : counters.slice(only, only + 1);
  const times = MONITOR_EVENTS.map((event, i) => {
    const ns = wanted.reduce((sum, own2) => sum + Number(own2.readBigUInt64LE(8 * i)), 0);
    return [event, ns];
  });
  return Object.fromEntries(times);
}
var STOLEN_AT = 8 * MONITOR_EVENTS.length;
function readCounters(fd, sizeBytes) {
  const stride = Math.ceil(sizeBytes / 8) * 8;
  const processors = Number(libbpf().libbpf_num_possible_cpus());
  const [key, values] = [memory(8), memory(stride * processors)];
  const error2 = Number(libbpf().bpf_map_lookup_elem(fd, key, values));
  if (error2 !== 0) throw new Error(`bpf_map_lookup_elem: ${errorName(error2)}`);
  return Array.from({ length: processors }, (_, i) => values.subarray(i * stride, (i + 1) * stride));
}

// src/guest/way.ts
var import_node_fs18 = require("node:fs");

// src/guest/init.ts
var import_node_fs16 = require("node:fs");
function mountAll() {
  for (const [type, target, needed] of [
    ["proc", "/proc", true],
    ["sysfs", "/sys", true],
    ["devtmpfs", "/dev", true],
    ["bpf", "/sys/fs/bpf", false],
    ["cgroup2", "/sys/fs/cgroup", false],
    ["tracefs", "/sys/kernel/tracing", false],
    ["securityfs", "/sys/kernel/security", false]
  ]) {
    if (libc().mount(type, target, type, 0, null) !== 0 && needed)
      throw new Error(`mount ${type} on ${target}: ${errorName(errno())}`);
  }
}
function loadModules(listPath) {
  const warnings = [];
  const noParameters = cString("");
  if (!(0, import_node_fs16.existsSync)(listPath)) return warnings;
  for (const path of (0, import_node_fs16.readFileSync)(listPath, "utf8").split("\n").filter(Boolean)) {
    const fd = (0, import_node_fs16.openSync)(path, "r");
    if (libc().syscall4(SYS_FINIT_MODULE, fd, addressOf(noParameters), 0) !== 0 && errno() !== EEXIST2)
      warnings.push(`module ${path.replace(/^.*\//, "")}: ${errorName(errno())}`);
    (0, import_node_fs16.closeSync)(fd);
  }
  return warnings;
}
function setUpKernel() {
  for (const [path, value] of [
    ["/proc/sys/net/core/bpf_jit_enable", "1"],
    ["/proc/sys/net/core/bpf_jit_harden", "0"],
    ["/proc/sys/net/core/bpf_jit_kallsyms", "1"],
    ["/proc/sys/kernel/kptr_restrict", "0"],
    ["/proc/sys/vm/panic_on_oom", "2"],
    ["/proc/sys/kernel/bpf_stats_enabled", "0"],
    ["/proc/sys/kernel/panic_on_rcu_stall", "1"]
  ]) {
    try {
      (0, import_node_fs16.writeFileSync)(path, value);
    } catch {
    }
  }
}
function restartLockupDetector() {
  try {
    (0, import_node_fs16.writeFileSync)("/proc/sys/kernel/watchdog_thresh", "5");
  } catch {
  }
}
function becomeRealTime() {
  try {
    (0, import_node_fs16.writeFileSync)("/proc/sys/kernel/sched_rt_runtime_us", "-1");
  } catch {
  }
  if (setScheduler2(SCHED_FIFO2, 1) === 0) return [];
  return [`real-time scheduling: ${errorName(errno())}`];
}
function withOrdinaryPriority(work) {
  setScheduler2(SCHED_OTHER2, 0);
  try {
    return work();
  } finally {
    setScheduler2(SCHED_FIFO2, 1);
  }
}
function drawRandomKey() {
  const fd = (0, import_node_fs16.openSync)("/dev/urandom", "r");
  libc().syscall4(SYS_IOCTL, fd, RNDRESEEDCRNG, 0);
  (0, import_node_fs16.closeSync)(fd);
}
var RNDRESEEDCRNG = 20999;
function setScheduler2(policy, level) {
  const priority = memory(4);
  priority.writeInt32LE(level);
  return libc().syscall4(SYS_SCHED_SETSCHEDULER2, 0, policy, addressOf(priority));
}
function findPauseDevice() {
  const root = "/sys/bus/pci/devices";
  for (const name of (0, import_node_fs16.readdirSync)(root)) {
    const device = `${root}/${name}`;
    const id = `${(0, import_node_fs16.readFileSync)(`${device}/vendor`, "utf8").trim()}:${(0, import_node_fs16.readFileSync)(`${device}/device`, "utf8").trim()}`;
    if (id !== "0x1b36:0x0011") continue;
    (0, import_node_fs16.writeFileSync)(`${device}/enable`, "1");
    const start2 = BigInt((0, import_node_fs16.readFileSync)(`${device}/resource`, "utf8").split(" ")[0]);
    const fd = (0, import_node_fs16.openSync)(`${device}/resource0`, "r+");
    const register = mapShared(fd, 4096, 0);
    (0, import_node_fs16.closeSync)(fd);
    const offset = Number(start2 & 0xfffn);
    return () => {
      register[offset] = 1;
    };
  }
  throw new Error("no pvpanic-pci device: the VM cannot be paused");
}
function findRetainedInitramfs() {
  const log = (0, import_node_fs16.openSync)("/dev/kmsg", import_node_fs16.constants.O_RDONLY | import_node_fs16.constants.O_NONBLOCK);
  const line = Buffer.alloc(8192);
  try {
    for (; ; ) {
      const text = line.toString("utf8", 0, (0, import_node_fs16.readSync)(log, line));
      const found = /Allocated new RAMDISK: \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]/.exec(text);
      if (found) return [Number(found[1]), Number(found[2]) + 1 - Number(found[1])];
    }
  } catch {
    return void 0;
  } finally {
    (0, import_node_fs16.closeSync)(log);
  }
}
function mapWindow(physicalAddress, sizeBytes) {
  const fd = (0, import_node_fs16.openSync)("/dev/mem", "r+");
  const window = mapShared(fd, sizeBytes, physicalAddress);
  (0, import_node_fs16.closeSync)(fd);
  return window;
}
var SYS_IOCTL = 16;
var SYS_FINIT_MODULE = 313;
var SYS_SCHED_SETSCHEDULER2 = 144;
var SCHED_OTHER2 = 0;
var SCHED_FIFO2 = 1;
var EEXIST2 = 17;

// src/guest/libbpf/device.ts
var import_node_fs17 = require("node:fs");
var OFFLOADS = {
  gro: { get: 43, set: 44 },
  gso: { get: 35, set: 36 },
  tso: { get: 30, set: 31 }
};
function deviceNamed(name) {
  const addressRequest = (address) => {
    const request = interfaceRequest(name);
    request.writeUInt16LE(AF_INET2, NAME_BYTES3);
    request.set(address, NAME_BYTES3 + 4);
    return request;
  };
  const ethtool = (command, value) => {
    const argument = memory(8);
    argument.writeUInt32LE(command, 0);
    argument.writeUInt32LE(value, 4);
    const request = interfaceRequest(name);
    request.writeBigUInt64LE(addressOf(argument), NAME_BYTES3);
    control(SIOCETHTOOL, request, `set '${name}' up for the load`);
    return argument.readUInt32LE(4);
  };
  return {
    offload: (kind) => ethtool(OFFLOADS[kind].get, 0) !== 0,
    setOffload: (kind, isOn) => {
      ethtool(OFFLOADS[kind].set, isOn ? 1 : 0);
    },
    mtu: () => {
      const request = interfaceRequest(name);
      control(SIOCGIFMTU, request, `read the MTU of '${name}'`);
      return request.readInt32LE(NAME_BYTES3);
    },
    setMtu: (bytes) => {
      const request = interfaceRequest(name);
      request.writeInt32LE(bytes, NAME_BYTES3);
      control(SIOCSIFMTU, request, `set the MTU of '${name}' to ${bytes}`);
    },
    setAddress: (address, mask) => {
      control(SIOCSIFADDR, addressRequest(address), `set the address of '${name}'`);
      if (mask) control(SIOCSIFNETMASK, addressRequest(mask), `set the netmask of '${name}'`);
    },
    setHardwareAddress: (address) => {
      const request = interfaceRequest(name);
      request.writeUInt16LE(ARPHRD_ETHER, NAME_BYTES3);
      request.set(address, NAME_BYTES3 + 2);
      control(SIOCSIFHWADDR, request, `set the hardware address of '${name}'`);
    },
    setNeighbour: (address, hardware) => {
      const request = memory(ARP_REQUEST_BYTES);
      request.writeUInt16LE(AF_INET2, 0);
      request.set(address, 4);
      request.writeUInt16LE(ARPHRD_ETHER, 16);
      request.set(hardware, 18);
      request.writeInt32LE(ATF_COM | ATF_PERM, 32);
      request.write(name, 52);
      control(SIOCSARP, request, `set a neighbour on '${name}'`);
    },
    setUp: () => {
      const request = interfaceRequest(name);
      request.writeUInt16LE(IFF_UP, NAME_BYTES3);
      control(SIOCSIFFLAGS, request, `set '${name}' up`);
    }
  };
}
function makeBridge(name, ports) {
  const added = memory(IFREQ_BYTES);
  added.write(name);
  control(SIOCBRADDBR, added, "make a bridge");
  for (const port of ports) {
    const request = interfaceRequest(name);
    request.writeInt32LE(port, NAME_BYTES3);
    control(SIOCBRADDIF, request, "put a device into a bridge");
  }
  deviceNamed(name).setUp();
}
var NAME_BYTES3 = 16;
var IFREQ_BYTES = 40;
var ARP_REQUEST_BYTES = 68;
var AF_INET2 = 2;
var SOCK_DGRAM = 2;
var ARPHRD_ETHER = 1;
var ATF_COM = 2;
var ATF_PERM = 4;
var IFF_UP = 1;
var SYS_SOCKET2 = 41;
var SIOCSIFFLAGS = 35092;
var SIOCSIFADDR = 35094;
var SIOCSIFNETMASK = 35100;
var SIOCGIFMTU = 35105;
var SIOCSIFMTU = 35106;
var SIOCSIFHWADDR = 35108;
var SIOCETHTOOL = 35142;
var SIOCSARP = 35157;
var SIOCBRADDBR = 35232;
var SIOCBRADDIF = 35234;
function interfaceRequest(name) {
  const request = memory(IFREQ_BYTES);
  request.write(name);
  return request;
}
function control(number3, request, what) {
  const socket = Number(libc().syscall4(SYS_SOCKET2, AF_INET2, SOCK_DGRAM, 0));
  if (socket < 0) throw new HookRefused(`the kernel does not ${what}: ${errorName(errno())}`);
  try {
    if (libc().ioctl(socket, number3, Number(addressOf(request))) < 0)
      throw new HookRefused(`the kernel does not ${what}: ${errorName(errno())}`);
  } finally {
    (0, import_node_fs17.closeSync)(socket);
  }
}

// src/guest/way.ts
function layOut(bed, link, moduleFolder) {
  const way = link.over === "veth" ? direct(bed) : between(bed, link.over, moduleFolder);
  for (const { name, place } of way.devices)
    inNamespace(place.namespaceFd, () => {
      const device = deviceNamed(name);
      if (link.mtuBytes !== void 0) device.setMtu(link.mtuBytes);
      for (const kind of KINDS2) {
        const isOn = link[kind];
        if (isOn !== void 0) device.setOffload(kind, isOn);
      }
    });
  return way;
}
function devicesOf({ devices }) {
  return devices.map(
    ({ name, place }, i) => inNamespace(place.namespaceFd, () => {
      const device = deviceNamed(name);
      return {
        name: i === 0 ? "client" : i === devices.length - 1 ? "server" : `between, ${name}`,
        mtuBytes: device.mtu(),
        gro: device.offload("gro"),
        gso: device.offload("gso"),
        tso: device.offload("tso")
      };
    })
  );
}
var KINDS2 = Object.keys(OFFLOADS);
function direct(bed) {
  const devices = [
    { name: "sender", place: bed.sender },
    { name: "receiver", place: bed.receiver }
  ];
  return { client: bed.sender, server: bed.receiver, programs: bed, devices };
}
var CLIENT = { address: [192, 0, 2, 1], hardware: [0, 0, 94, 0, 83, 1] };
var SERVER = { address: [198, 51, 100, 2], hardware: [0, 0, 94, 0, 83, 2] };
var LINK_WATCH_MS = 2500;
function between({ helper }, over, moduleFolder) {
  const middle = newNamespace();
  const first = bedOf(helper, newNamespace(), middle);
  const second = bedOf(helper, middle, newNamespace());
  const inner = [
    { name: "receiver", place: first.receiver },
    { name: "sender", place: second.sender }
  ];
  inNamespace(middle, () => (over === "bridge" ? bridge : route)(moduleFolder));
  sleep(LINK_WATCH_MS);
  return {
    client: first.sender,
    server: second.receiver,
    programs: { helper, sender: second.sender, receiver: first.receiver },
    devices: [
      { name: "sender", place: first.sender },
      ...inner,
      { name: "receiver", place: second.receiver }
    ]
  };
}
function bedOf(helper, sender, receiver) {
  const bed = makeBed({ helper }, "veth", { sender, receiver });
  if ("reason" in bed) throw new Error(bed.reason);
  return bed;
}
function bridge(moduleFolder) {
  if (moduleFolder !== void 0) loadModules(moduleList(moduleFolder));
  const ports = [11, 10];
  for (const [i, name] of ["receiver", "sender"].entries()) {
    const device = deviceNamed(name);
    device.setAddress([0, 0, 0, 0]);
    device.setHardwareAddress([0, 0, 94, 0, 83, 16 + i]);
  }
  makeBridge("bridge", ports);
}
function moduleList(folder) {
  const path = `${folder}/modules.list`;
  const names = (0, import_node_fs18.readdirSync)(folder).filter((name) => name.endsWith(".ko"));
  (0, import_node_fs18.writeFileSync)(path, names.map((name) => `${folder}/${name}
`).join(""));
  return path;
}
function route() {
  const mask = [255, 255, 255, 0];
  const [toClient, toServer] = [deviceNamed("receiver"), deviceNamed("sender")];
  toClient.setAddress([...CLIENT.address.slice(0, 3), 254], mask);
  toServer.setAddress([...SERVER.address.slice(0, 3), 254], mask);
  toClient.setNeighbour(CLIENT.address, CLIENT.hardware);
  toServer.setNeighbour(SERVER.address, SERVER.hardware);
  (0, import_node_fs18.writeFileSync)("/proc/sys/net/ipv4/ip_forward", "1");
}

// src/guest/load.ts
async function runLoadJob(guest, job) {
  const { bed, channel } = guest;
  const absent2 = "reason" in bed ? bed : await measure2(guest, bed, job);
  if (absent2) channel.send({ type: "no-load", absent: absent2 });
}
async function measure2(guest, bed, job) {
  const detach = [];
  try {
    const way = layOut(bed, job.link ?? { over: "veth" }, putFiles(guest.window, job.files));
    const loaded = job.attached.map((each) => hardened(job, () => loadOne(guest, each)));
    detach.push(...loaded.flatMap((each) => "reason" in each ? [] : [() => each.object.close()]));
    const programs = [];
    for (const [i, each] of job.attached.entries()) {
      if (each.arm !== job.arm) continue;
      const one = loaded[i];
      if ("reason" in one) return one;
      const absent2 = whyNotHere(each.attach.hook);
      if (absent2) return absent2;
      const attached = attach(guest, way, each, one);
      programs.push(attached);
      detach.push(attached.detach);
    }
    tellWatcher(guest.window, [
      ...programs.flatMap(({ images }) => images).map((image, i) => ({ ...image, part: IMAGE_PART + i })),
      ...job.link?.over === "bridge" ? lateFunctions() : []
    ]);
    const devices = devicesOf(way);
    if (job.reportStats) (0, import_node_fs19.writeFileSync)(STATS_ENABLED, "1");
    const monitors = (job.monitors ?? []).map((each) => {
      const monitor = startMonitor(guest.window, each);
      detach.push(monitor.close);
      return monitor;
    });
    for (const run3 of job.runs) {
      const before = monitors.map(({ read }) => read());
      const ticksBefore = processorTicks();
      for (const { sampler } of monitors) sampler?.forget();
      const load2 = await runOnce(way, run3, IN_VM, monitors);
      const ticksAfter = processorTicks();
      const after = monitors.map(({ read }) => read());
      guest.channel.send({ type: "load", ...load2, devices });
      if (job.reportStats)
        guest.channel.send({ type: "stats", programs: programs.map(({ fd }) => programStats(fd)) });
      for (const [i, { name, attached, missing, sampler }] of monitors.entries()) {
        const [from, to] = [before[i], after[i]];
        guest.channel.send({
          type: "monitor",
          ...{ name, attached: [...attached], missing: [...missing] },
          ns: Object.fromEntries(
            // what is stolen is taken out of a stretch that may have begun before
            MONITOR_EVENTS.map((event) => [event, Math.max(0, to.times[event] - from.times[event])])
          ),
          elapsedNs: Number(to.atNs - from.atNs),
          ...sampler ? { sampled: sampler.take(programs.flatMap(({ images }) => images)) } : {}
        });
      }
      if (monitors.length > 0)
        guest.channel.send({
          type: "processor-ticks",
          ticks: ticksBetween(ticksBefore, ticksAfter)
        });
    }
    return void 0;
  } catch (cause) {
    if (!(cause instanceof ObjectRejected || cause instanceof HookRefused)) throw cause;
    return { reason: cause.message.slice(0, 2e3) };
  } finally {
    for (const each of detach.reverse()) each();
  }
}
var STATS_ENABLED = "/proc/sys/kernel/bpf_stats_enabled";
function loadOne(guest, wanted) {
  try {
    return load(guest, wanted);
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    return { reason: cause.message.slice(0, 2e3) };
  }
}
function attach(guest, { programs: places }, wanted, { object }) {
  const { hook, options } = wanted.attach;
  const wholePort = hookPort({
    places,
    helper: places.helper,
    give: () => {
      throw new HookRefused("the sockets are iperf3's: no program is attached to one");
    },
    object: () => object
  });
  const port = guest.isShared ? withinOurs(wholePort) : wholePort;
  const program = object.programs.find(({ name }) => name === wanted.program);
  if (!program) throw new HookRefused(`the kernel does not load '${wanted.program}'`);
  const images = [];
  for (const { name, pointer } of object.programs)
    for (const [part, image] of programImages(libbpf().bpf_program__fd(pointer), 0).entries()) {
      const { address, sizeBytes } = image;
      images.push({ ...image, name });
      guest.channel.send({ type: "image", program: name, part, address: address.toString(16), sizeBytes });
    }
  const fd = libbpf().bpf_program__fd(program.pointer);
  return { fd, images, detach: hookNamed(hook).attach(port, fd, options) };
}
function tellWatcher(window, code) {
  const told = code.slice(0, LOAD_IMAGES_LIMIT);
  const numbers = [
    BigInt(told.length),
    ...told.flatMap(({ address, sizeBytes, part }) => [address, address + BigInt(sizeBytes), BigInt(part)])
  ];
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  for (const [i, number3] of numbers.entries()) view.setBigUint64(SUBJECT_AT + 8 * i, number3, true);
}
function lateFunctions() {
  const symbols = (0, import_node_fs19.readFileSync)("/proc/kallsyms", "latin1").matchAll(/^([0-9a-f]{16}) [tTwW] (\S+)\t\[/gm);
  return [...symbols].flatMap(([, address, name]) => {
    const part = partNumberOf(name);
    return part === void 0 || /\.cold/.test(name) ? [] : [{ address: BigInt(`0x${address}`), sizeBytes: ENTRY_BYTES, part }];
  });
}
var ENTRY_BYTES = 1;
var FOLDER = "/tmp/load";
function putFiles(window, files) {
  (0, import_node_fs19.mkdirSync)(FOLDER, { recursive: true });
  for (const [name, { at, size: size2 }] of Object.entries(files))
    (0, import_node_fs19.writeFileSync)((0, import_node_path2.join)(FOLDER, name), window.subarray(at, at + size2), { mode: 493 });
  return FOLDER;
}
var RECEIVER = "198.51.100.2";
var RESULT_BYTES2 = 16;
var IN_VM = {
  load: (0, import_node_path2.join)(FOLDER, "load"),
  place: "in-vm",
  iperf3: (0, import_node_path2.join)(FOLDER, "iperf3"),
  env: { LD_LIBRARY_PATH: FOLDER },
  reportPath: (0, import_node_path2.join)(FOLDER, "report")
};
async function runOnce(way, run3, tools, monitors) {
  const { protocol, streams, bytes, bitsPerSecond = 0, pacingUs, isReverse, lengthBytes, windowBytes } = run3;
  const { iperf3 } = tools;
  const report = (0, import_node_fs19.openSync)(tools.reportPath, "wx+", 384);
  (0, import_node_fs19.unlinkSync)(tools.reportPath);
  const before = traffic(way);
  const server = [iperf3, "-4", "-s", "-1", "-i", "0"];
  const client = [
    ...[
      iperf3,
      "-4",
      "-c",
      RECEIVER,
      "-J",
      "-i",
      "0",
      "-P",
      String(streams),
      "-n",
      String(bytes).padStart(12, "0")
    ],
    ...protocol === "udp" ? ["-u", "-b", String(bitsPerSecond)] : [],
    ...pacingUs === void 0 ? [] : ["--pacing-timer", String(pacingUs)],
    ...isReverse ? ["-R"] : [],
    ...lengthBytes === void 0 ? [] : ["-l", String(lengthBytes)],
    ...windowBytes === void 0 ? [] : ["-w", String(windowBytes)]
  ];
  const { status, signal, result, words } = await runProcess(
    tools,
    [tools.place, ...server, "--", ...client],
    // its own output goes into a file: a pipe would wake Node
    [report, way.client.namespaceFd, way.server.namespaceFd],
    monitors.flatMap(({ sampler }) => sampler?.drain ?? [])
  );
  const said2 = wholeText(report);
  (0, import_node_fs19.closeSync)(report);
  if (status !== 0 || result?.length !== RESULT_BYTES2)
    throw new Error(`iperf3 does not run: ${words || signal || `exit code ${status}`}`);
  const [clientStatus, serverStatus] = [result.readUInt32LE(8), result.readUInt32LE(12)];
  if (clientStatus !== 0 || serverStatus !== 0)
    throw new Error(
      `iperf3 fails (client ${clientStatus}, server ${serverStatus}): ${words} ${said2.slice(0, 2e3)}`
    );
  if (said2.length > IPERF3_REPORT_LIMIT) throw new Error(`iperf3 reports ${said2.length} characters`);
  const after = traffic(way);
  return {
    insns: Number(result.readBigUInt64LE(0)),
    there: difference(after.there, before.there),
    back: difference(after.back, before.back),
    iperf3: said2
  };
}
async function runProcess({ load: load2, env }, args, [out, client, server], meanwhile) {
  const stdio = ["ignore", out, "pipe", client, server, "pipe"];
  const wordsOf = (text) => text.toString("utf8").trim().slice(0, 2e3);
  if (meanwhile.length === 0) {
    const ended = (0, import_node_child_process2.spawnSync)(load2, args, { env, stdio, maxBuffer: 1 << 20 });
    if (ended.error) throw ended.error;
    const { status, signal, stderr } = ended;
    return { status, signal, result: ended.output[5], words: wordsOf(stderr) };
  }
  const child = (0, import_node_child_process2.spawn)(load2, args, { env, stdio });
  const read = (fd) => {
    const parts = [];
    child.stdio[fd].on("data", (part) => parts.push(part));
    return () => Buffer.concat(parts).subarray(0, 1 << 20);
  };
  const [words, result] = [read(2), read(5)];
  const timer = setInterval(() => {
    for (const each of meanwhile) each();
  }, DRAIN_MS);
  try {
    const [status, signal] = await (0, import_node_events.once)(child, "close");
    return { status, signal, result: result(), words: wordsOf(words()) };
  } finally {
    clearInterval(timer);
  }
}
function wholeText(fd) {
  const bytes = Buffer.alloc(IPERF3_REPORT_LIMIT + 1);
  return bytes.toString("utf8", 0, (0, import_node_fs19.readSync)(fd, bytes, 0, bytes.length, 0));
}
function traffic({ client, server }) {
  return {
    there: inNamespace(client.namespaceFd, () => sentBy("sender")),
    back: inNamespace(server.namespaceFd, () => sentBy("receiver"))
  };
}
function sentBy(device) {
  const line = (0, import_node_fs19.readFileSync)("/proc/self/net/dev", "utf8").split("\n").find((each) => each.trim().startsWith(`${device}:`));
  const numbers = line?.replace(/^.*:/, "").trim().split(/\s+/).map(Number);
  if (numbers?.length !== 16) throw new Error(`/proc/net/dev does not tell of '${device}'`);
  return { bytes: numbers[8], packets: numbers[9], dropped: numbers[11] };
}
function difference(after, before) {
  return {
    bytes: after.bytes - before.bytes,
    packets: after.packets - before.packets,
    dropped: after.dropped - before.dropped
  };
}

// src/guest/timed-load.ts
var CLOCK_READS2 = 1e3;
async function runTimedLoadJob(guest, job) {
  const { channel, timing, cpu } = guest;
  const started = process.hrtime.bigint();
  const seconds2 = () => Number(process.hrtime.bigint() - started) / 1e9;
  const bench = layBench(guest, job);
  if ("reason" in bench) return channel.send({ type: "no-load", absent: bench });
  const monitors = keepMonitors(guest, job);
  try {
    const ticksPerNs = timing.tscPerNs();
    const run3 = (arm) => runArm(guest, job, bench, monitors, arm, ticksPerNs);
    const found = await inTurn(job, run3, { seconds: seconds2, cpu });
    const missing = [...monitors.missing];
    for (const [arm, { rounds, absent: absent2 }] of found.arms.entries())
      channel.send({ type: "load-rounds", arm, rounds, missing, ...absent2 ? { absent: absent2 } : {} });
    channel.send({
      type: "hook-rounds",
      discarded: found.discarded,
      clockNs: quantile(timing.clockReads(CLOCK_READS2), 0.5),
      seconds: Math.round(1e3 * seconds2()) / 1e3
    });
  } finally {
    monitors.close();
  }
}
function layBench({ window, bed, folder }, job) {
  if ("reason" in bed) return bed;
  const moduleFolder = job.files && putFiles(window, job.files);
  const tools = job.iperf3 === void 0 ? IN_VM : {
    load: (0, import_node_path3.join)(folder, "native/load"),
    place: "on-host",
    iperf3: job.iperf3,
    env: { PATH: "/usr/bin:/bin" },
    reportPath: (0, import_node_path3.join)((0, import_node_os.tmpdir)(), `tollgate-iperf3-${process.pid}`)
  };
  try {
    return { bed, tools, way: layOut(bed, job.link ?? { over: "veth" }, moduleFolder) };
  } catch (cause) {
    if (!(cause instanceof HookRefused)) throw cause;
    return { reason: said(cause) };
  }
}
function keepMonitors({ window }, { arms, monitor: elf }) {
  const isKept = arms.every(({ sampleHz }) => sampleHz === arms[0].sampleHz);
  const missing = /* @__PURE__ */ new Set();
  let loadable;
  let kept;
  return {
    missing,
    take: (sampleHz) => {
      if (sampleHz === void 0 || kept) return kept;
      const sampling = sampleHz > 0 ? { sampleHz } : {};
      const monitor = startMonitor(window, { name: "netcpu.bpf.o", elf, ...sampling }, loadable);
      loadable ??= monitor.loadable;
      for (const each of monitor.missing) missing.add(each);
      if (isKept) kept = monitor;
      return monitor;
    },
    release: (monitor) => {
      if (monitor !== kept) monitor?.close();
    },
    close: () => kept?.close()
  };
}
async function runArm(guest, job, { bed, way, tools }, monitors, arm, ticksPerNs) {
  const hooks = { ...guest, bed, channel: SILENT };
  const undo = [];
  try {
    const monitor = monitors.take(arm.sampleHz);
    undo.push(() => monitors.release(monitor));
    for (const each of job.attached.filter(({ arm: of }) => of === arm.number)) {
      const absent2 = whyNotHere(each.attach.hook);
      if (absent2) return absent2;
      const one = loadOne(hooks, each);
      if ("reason" in one) return one;
      undo.push(() => one.object.close());
      undo.push(attach(hooks, way, each, one).detach);
    }
    const before = monitor?.read(guest.cpu).times;
    const load2 = await runOnce(way, job.run, tools, monitor ? [monitor] : []);
    const after = monitor?.read(guest.cpu).times;
    const ns = Object.entries(after ?? {}).map(([event, until]) => [
      event,
      Math.max(0, until - before[event])
    ]);
    const { bytes, bitsPerSecond, lost } = parseIperf3(load2.iperf3);
    return {
      ns: Object.fromEntries(ns),
      elapsedNs: Math.round(load2.insns / ticksPerNs),
      bytes,
      packets: load2.there.packets + load2.back.packets,
      bitsPerSecond,
      lost: lost ?? load2.there.dropped + load2.back.dropped
    };
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    return { reason: said(cause) };
  } finally {
    for (const each of undo.reverse()) each();
  }
}
var SILENT = { send: () => {
}, reset: () => {
} };
var said = ({ message }) => message.slice(0, 2e3);
var FIRST_TRIES = 3;
async function inTurn({ arms, bounds, seed }, run3, { seconds: seconds2, cpu }) {
  const found = arms.map(() => ({ rounds: [] }));
  const discarded = { interrupted: 0, steal: 0, frequency: 0 };
  const random = seededRandom(seed);
  for (const [i, arm] of arms.entries()) {
    let first = await run3(arm);
    for (let tries = 1; "reason" in first && tries < FIRST_TRIES; tries++) first = await run3(arm);
    if ("reason" in first) found[i].absent = first;
  }
  const here2 = [...arms.keys()].filter((i) => !found[i].absent);
  let kept = 0;
  while (here2.length > 0 && kept < bounds.mostRounds && seconds2() < bounds.seconds) {
    const { begin, why: disturbance } = watch(cpu);
    const end = begin();
    const taken = /* @__PURE__ */ new Map();
    for (const i of shuffled(arms.length, random)) {
      if (!here2.includes(i)) continue;
      const one = await run3(arms[i]);
      if (!("reason" in one)) taken.set(i, one);
    }
    end();
    const why = taken.size < here2.length ? "interrupted" : disturbance();
    if (why) {
      discarded[why]++;
      continue;
    }
    kept++;
    for (const [i, one] of taken) found[i].rounds.push(one);
  }
  return { arms: found, discarded };
}

// src/guest/timed-job.ts
async function doTimedJob({ folder, window, channel, isShared }, job) {
  const timing = loadTiming((0, import_node_path4.join)(folder, "native/timed.so"));
  const cpu = quietestCpu(LOOK_MS);
  pinTo(cpu);
  const guest = { window, channel, timing, cpu };
  const tellMachine = (warnings) => channel.send({
    type: "machine",
    ...machineFacts(timing, cpu),
    warnings: [...warnings, ...settingsThatShow()]
  });
  if (job.task === "timed") {
    tellMachine(becomeUnhindered());
    runTimedJob(guest, job);
    return;
  }
  becomeOrdinary();
  (0, import_node_os2.setPriority)(import_node_os2.constants.priority.PRIORITY_HIGHEST);
  tellMachine([]);
  const bed = makeBed({ helper: (0, import_node_path4.join)(folder, "native/stimulus") });
  if (job.task === "timed-hook") runTimedHookJob({ ...guest, bed, isShared }, job);
  else await runTimedLoadJob({ ...guest, bed, folder, isShared }, job);
}
var LOOK_MS = 100;
var CLOCK_READS3 = 1e3;
function machineFacts(timing, cpuNumber) {
  const reads = timing.clockReads(CLOCK_READS3);
  return {
    release: kernelRelease(),
    version: (0, import_node_fs20.readFileSync)("/proc/sys/kernel/version", "utf8").trim(),
    libbpf: libbpfVersion(),
    cpu: cpuModel(),
    cpuNumber,
    clockNs: [Math.min(...reads), Math.round(quantile(reads, 0.5))]
  };
}
function settingsThatShow() {
  const settings = [
    { path: "/proc/sys/net/core/bpf_jit_enable", usual: ["1"], says: "the JIT is not as usual" },
    { path: "/proc/sys/net/core/bpf_jit_harden", usual: ["0"], says: "programs are hardened" },
    { path: "/proc/sys/kernel/bpf_stats_enabled", usual: ["0"], says: "each run reads the clock twice more" }
  ];
  return settings.flatMap(({ path, usual, says }) => {
    const found = fileText(path);
    if (found === void 0 || usual.includes(found)) return [];
    return [`${path.slice("/proc/sys/".length).replaceAll("/", ".")} is ${found}: ${says}`];
  });
}

// src/guest/host.ts
async function runOnHost({ folder, parent, windowPath }) {
  dieWithParent();
  if (process.ppid !== parent) return;
  leaveNetwork();
  const file = (0, import_node_fs21.openSync)(windowPath, "r+");
  const window = mapShared(file, WINDOW_BYTES, 0);
  (0, import_node_fs21.closeSync)(file);
  const channel = openChannel(window);
  try {
    const job = decodeJob(window);
    if (!job) throw new Error("the window holds no job");
    await doTimedJob({ folder, window, channel, isShared: true }, job);
  } catch (error2) {
    sendError(channel, error2);
  }
  channel.send({ type: "end" });
}

// src/guest/loader.ts
var import_node_child_process3 = require("node:child_process");
async function runLoaderJob(guest, job) {
  const { bed, channel } = guest;
  const withoutEvents = (absent2) => {
    for (const { name } of job.stimuli)
      channel.send({ type: "events", stimulus: name, sent: [], done: [], absent: absent2 });
  };
  const names = [.../* @__PURE__ */ new Set([job.name, ...job.programs.map(({ name }) => name)])];
  if ("reason" in bed) {
    withoutEvents(bed);
    for (const name of names) channel.send(recordOf(name, { metric: "load_ok", absent: bed }));
    return;
  }
  const command = putCommand(guest.window, FOLDER2, job);
  const earlier = new Set(programIds());
  const started = job.isStarted ? await start(bed, job, command) : void 0;
  sleep(SETTLE_MS);
  if (started?.failure !== void 0) {
    withoutEvents({ reason: started.failure });
    for (const name of names) channel.send(notLoaded(name, started.failure, started.output()));
    return;
  }
  for (const task of job.stimuli) channel.send(eventsRecord(task.name, stimulate(bed, task)));
  if (!started) return;
  const loaded = programIds().filter((id) => !earlier.has(id));
  if (names.length > job.programs.length) channel.send(recordOf(job.name, { metric: "load_ok", value: 1 }));
  for (const sought of job.programs) measure3(guest, sought, loaded, started.output());
  started.child.kill("SIGKILL");
}
var FOLDER2 = "/tmp/loader";
var SETTLE_MS = 1e3;
var READY_WITHIN_MS = 3e4;
var OUTPUT_LIMIT = 32e3;
async function start(bed, { side, ready }, { argv: [program, ...args], cwd, env }) {
  const child = inNamespace(
    bed[side].namespaceFd,
    () => withOrdinaryPriority(() => (0, import_node_child_process3.spawn)(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] }))
  );
  let output = "";
  const failure2 = await new Promise((resolve) => {
    const late = setTimeout(
      () => resolve(`the loader is not ready within ${READY_WITHIN_MS / 1e3} s`),
      READY_WITHIN_MS
    );
    const end = (why) => {
      clearTimeout(late);
      resolve(why);
    };
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => {
        output = (output + text).slice(-OUTPUT_LIMIT);
        if (ready !== void 0 && output.split("\n").some((line) => line.includes(ready))) end();
      });
    child.on("error", (cause) => end(`the loader cannot be started: ${cause.message}`));
    child.on("close", (code, signal) => {
      if (code !== 0) end(`the loader ends with ${signal ?? `exit code ${code}`}`);
      else end(ready === void 0 ? void 0 : `the loader ends without a line that has '${ready}'`);
    });
  });
  return { child, output: () => output, ...failure2 === void 0 ? {} : { failure: failure2 } };
}
function measure3(guest, sought, loaded, output) {
  const { channel } = guest;
  const found = find(sought, loaded);
  if (typeof found === "string") {
    channel.send(notLoaded(sought.name, found, output));
    return;
  }
  const facts = programFacts(found);
  const type = programTypeById(facts.typeId);
  channel.send({ type: "program", program: sought.name, section: "", programType: type.name });
  channel.send(recordOf(sought.name, { metric: "load_ok", value: 1 }));
  const program = {
    name: sought.name,
    section: "",
    type,
    insnCount: facts.insnCount,
    log: "",
    ...programInfo(found)
  };
  const subject = {
    program,
    inputs: sought.inputs,
    port: runPort2(guest, found, facts),
    ...sought.inputs.length > 0 ? {} : { notRun: NOT_RUN }
  };
  const figures = MEASUREMENTS.flatMap(
    (kind) => kind === verifier ? ofVerifier(facts) : kind.measure(subject)
  );
  for (const figure of figures) channel.send(recordOf(sought.name, figure));
}
var NOT_RUN = "its own loader has it: 'inputs' under 'programs' say what to run it on";
function find({ name, pin, id }, loaded) {
  if (pin !== void 0) return programByPin(pin) ?? `the loader pins nothing at '${pin}'`;
  if (id !== void 0) return programById(id) ?? `the loader loads no program of number ${id}`;
  const all = loaded.flatMap((id2) => {
    const fd = programById(id2);
    return fd === void 0 ? [] : [{ fd, name: programFacts(fd).name }];
  });
  const fitting = all.filter((each) => each.name === name.slice(0, KERNEL_NAME_CHARACTERS));
  if (fitting.length === 1) return fitting[0].fd;
  if (fitting.length > 1) return `the loader loads ${fitting.length} programs of that name: give it a 'pin'`;
  const names = all.map((each) => each.name).join(", ");
  return names === "" ? "the loader loads no program" : `the loader loads none of that name, but ${names}`;
}
var KERNEL_NAME_CHARACTERS = 15;
function ofVerifier({ verifiedInsns }) {
  return verifier.metrics.map((metric) => {
    if (metric !== "total_insns") return { metric, absent: { reason: NO_LOG } };
    return verifiedInsns === void 0 ? { metric, absent: { reason: NO_LOG, since: "5.16" } } : { metric, value: verifiedInsns };
  });
}
var NO_LOG = "its own loader has it, and the verifier's log";
function runPort2(guest, fd, { typeId }) {
  const emptyRuns = /* @__PURE__ */ new Map();
  return {
    run: (_, input, passes) => {
      const { testRun } = programTypeById(typeId);
      const data = runData(guest, input);
      const like = { typeId, expectedAttachType: 0, flags: 0 };
      const empty = emptyRun(guest, like, data[0], emptyRuns);
      if ("reason" in empty) return empty;
      const raw = testRuns(guest.clock, guest.grid, fd, data, passes, testRun.clock);
      return runsOf(raw, data.length, empty.overhead, testRun.since);
    }
  };
}
function notLoaded(program, reason, output) {
  return {
    ...recordOf(program, { metric: "load_ok", value: 0, note: reason.slice(0, 2e3) }),
    ...output === "" ? {} : { log: output }
  };
}

// src/model/timed.ts
var ON_HOST = "on-host";
var REAL_CLOCK = "tollgate.clock=real";

// src/guest.ts
var here = (0, import_node_path5.dirname)(process.argv[1] ?? "/app/guest.js");
async function main() {
  process.on("uncaughtException", (error2) => {
    say(`tollgate guest: ${error2.stack ?? error2}`);
    process.exit(1);
  });
  mountAll();
  if ((0, import_node_fs22.readFileSync)("/proc/cmdline", "utf8").includes(REAL_CLOCK)) return await serveTimedJobs();
  const warnings = loadModules("/app/modules.list");
  setUpKernel();
  const window = mapWindow(windowAddress(), WINDOW_BYTES);
  const channel = openChannel(window);
  const clock = loadClock((0, import_node_path5.join)(here, "native/clock.so"));
  const bed = makeBed({ helper: (0, import_node_path5.join)(here, "native/stimulus"), isClockExact: true });
  settle2();
  warnings.push(...becomeRealTime());
  const grid = findTicks(clock);
  clock.align(grid.tickNs, grid.phaseNs);
  restartLockupDetector();
  const pause = findPauseDevice();
  const guest = { window, channel, clock, grid, pause, visitsPath: (0, import_node_path5.join)(here, "native/visits.so") };
  seedRandomNumbers();
  await warmUp({ ...guest, bed });
  const discard = findRetainedInitramfs();
  channel.send({
    type: "hello",
    release: kernelRelease(),
    node: process.version,
    libbpf: libbpfVersion(),
    tickNs: String(grid.tickNs),
    ticksPerSecond: String(ticksPerSecond(clock)),
    possibleCpus: Number(libbpf().libbpf_num_possible_cpus()),
    ...discard ? { discard } : {},
    warnings
  });
  drawRandomKey();
  clock.align(SECOND_NS, 0);
  const pausedAt = Number(clock.ticks());
  pause();
  clock.spinUntil(pausedAt + SPIN_NS);
  clock.align(SECOND_NS, SECOND_NS / 2);
  channel.reset();
  try {
    await doJob({ ...guest, bed });
  } catch (error2) {
    sendError(channel, error2);
  }
  channel.send({ type: "end" });
  pause();
}
async function doJob(guest) {
  const job = decodeJob(guest.window);
  if (!job) throw new Error("the window holds no job");
  if (!("task" in job)) runJob(guest, job);
  else if (job.task === "hook") runHookJob(guest, job);
  else if (job.task === "load") await runLoadJob(guest, job);
  else if (job.task === "loader") await runLoaderJob(guest, job);
  else reportSymbols(guest.channel, "all");
}
async function serveTimedJobs() {
  const warnings = loadModules("/app/modules.list");
  setUpKernel();
  const window = mapWindow(windowAddress(), WINDOW_BYTES);
  const channel = openChannel(window);
  const pause = findPauseDevice();
  seedRandomNumbers();
  sleep(TIMED_SETTLE_MS);
  channel.send({
    type: "hello",
    release: kernelRelease(),
    node: process.version,
    libbpf: libbpfVersion(),
    possibleCpus: Number(libbpf().libbpf_num_possible_cpus()),
    warnings
  });
  for (; ; ) {
    pause();
    channel.reset();
    try {
      const job = decodeJob(window);
      if (!job) throw new Error("the window holds no job");
      await doTimedJob({ folder: here, window, channel, isShared: false }, job);
    } catch (error2) {
      sendError(channel, error2);
    }
    channel.send({ type: "end" });
  }
}
function windowAddress() {
  const megabytes = /memmap=\d+M\$(\d+)M/.exec((0, import_node_fs22.readFileSync)("/proc/cmdline", "utf8"))?.[1];
  if (megabytes === void 0) throw new Error("no memmap= window on the command line");
  return Number(megabytes) * (1 << 20);
}
var SETTLED_SECONDS = 30;
var TIMED_SETTLE_MS = 1e3;
var SECOND_NS = 1e9;
var SPIN_NS = 2e7;
function settle2() {
  const uptimeSeconds = Number((0, import_node_fs22.readFileSync)("/proc/uptime", "utf8").split(" ")[0]);
  sleep(1e3 * (SETTLED_SECONDS - uptimeSeconds));
}
async function warmUp(guest) {
  const { window, channel } = guest;
  const elf = (0, import_node_fs22.readFileSync)((0, import_node_path5.join)(here, "bpf/nop_xdp.bpf.o"));
  const object = (place) => ({
    object: "nop_xdp.bpf.o",
    elf: place(elf),
    mapSizes: {},
    programs: [{ name: "nop", inputs: [], maps: {}, tailCalls: {} }]
  });
  const ofRuns = encodeJob((place) => {
    const { programs, ...rest } = object(place);
    const inputs = [{ name: "warm", packets: [place(new Uint8Array(64))] }];
    return { format: 1, ...rest, programs: [{ ...programs[0], inputs }], reportStatics: true };
  });
  const ofHooks = encodeJob(
    (place) => ({
      format: 1,
      task: "hook",
      objects: [{ ...object(place), program: "nop" }],
      chosen: 0,
      attach: { hook: "xdp", options: { mode: "generic" } },
      stimuli: [{ name: "udp", sizeBytes: 64, warmUp: 2, count: 2, patienceMs: 1 }]
    })
  );
  for (const job of [ofRuns, ofRuns, ofHooks, ofHooks]) {
    window.set(job);
    await doJob(guest);
    window.fill(0, 0, job.length);
    channel.reset();
  }
}
function ticksPerSecond(clock) {
  const [oneTicks, oneNs] = clockPair(clock, 1e9);
  const [twoTicks, twoNs] = clockPair(clock, 2e9);
  return Math.round(1e9 * Number(twoTicks - oneTicks) / Number(twoNs - oneNs));
}
function clockPair(clock, sleepNs) {
  const [ticks, ns] = [memory(8), memory(8)];
  clock.ratio(sleepNs, ticks, ns);
  return [ticks.readBigUInt64LE(), ns.readBigUInt64LE()];
}
function say(line) {
  try {
    (0, import_node_fs22.writeFileSync)("/dev/console", `${line}
`);
  } catch {
  }
}
function selfTest() {
  loadClock((0, import_node_path5.join)(here, "native/clock.so"));
  const objects = (0, import_node_fs22.existsSync)((0, import_node_path5.join)(here, "bpf/nop_xdp.bpf.o")) ? "found" : "missing";
  process.stdout.write(
    `tollgate guest: node ${process.version}, libbpf ${libbpfVersion()}, objects ${objects}
`
  );
}
if (process.pid === 1) void main();
else if (process.argv[2] === ON_HOST)
  void runOnHost({ folder: here, parent: Number(process.argv[3]), windowPath: process.argv[4] });
else selfTest();
