// All kinds of measurement. A new one is a file beside this one and a line here.

import type { MeasurementKind } from './measurement.ts';
import { run } from './run.ts';
import { size } from './size.ts';
import { verifier } from './verifier.ts';

export const MEASUREMENTS: readonly MeasurementKind[] = [verifier, size, run];
