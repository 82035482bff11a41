// A client of a fake GitHub, made the way the Action makes its own, with waits of milliseconds.

import { getOctokit } from '@actions/github';
import { defaults } from '@actions/github/lib/utils';
import { type ClientOptions, clientSetup, type GitHub } from '../client.ts';
import type { FakeGitHub } from './server.ts';

export function connect(server: FakeGitHub, options: ClientOptions = {}): GitHub {
  const { options: setup, plugins } = clientSetup({
    fetch: defaults.request?.fetch,
    baseDelayMs: 1,
    ...options,
  });
  const silent = () => undefined;
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  return getOctokit(server.state.token, { ...setup, log, baseUrl: server.url }, ...plugins);
}
