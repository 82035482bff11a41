// sk_skb: the stream that a socket of a sockmap receives: a verdict on what came, or on messages that a parser finds.

import * as z from 'zod';
import type { Hook } from './hook.ts';

const [BPF_SK_SKB_STREAM_PARSER, BPF_SK_SKB_STREAM_VERDICT] = [4, 5]; // enum bpf_attach_type

export const skSkb: Hook = {
  name: 'sk_skb',
  description:
    'the stream that a socket of a sockmap receives; with a parser, the one in the same object is attached, too',
  since: '5.10',
  programTypes: ['sk_skb'],
  options: { mode: z.enum(['stream_verdict', 'parser_and_verdict']) },
  variants: [{ mode: 'stream_verdict' }, { mode: 'parser_and_verdict' }],
  empty: () => 'nop_sk_skb',
  drop: () => 'drop_sk_skb',
  stimuli: ['tcp'],
  attachesToStimulus: true,
  attach: (port, fd, { mode }) =>
    port.giveSockmap(
      [
        ...(mode === 'parser_and_verdict'
          ? [{ fd: port.companion('sk_skb/stream_parser'), attachType: BPF_SK_SKB_STREAM_PARSER }]
          : []),
        { fd, attachType: BPF_SK_SKB_STREAM_VERDICT },
      ],
      'receiver',
    ),
};
