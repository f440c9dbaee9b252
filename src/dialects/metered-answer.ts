// What every meter of an answer knows, whatever dialects it stands between: what was delivered and what was used.

import type { Usage } from '#calls/usage.ts'
import { type MeteredUsage, UsageMeter } from '#calls/usage-meter.ts'
import type { SameDialectOptions } from './dialect.ts'

export abstract class MeteredAnswer {
  protected readonly meter: UsageMeter

  constructor({ countTokens, expectedInputTokens }: CountingOptions) {
    this.meter = new UsageMeter(countTokens, expectedInputTokens)
  }

  /** UTF-8 bytes of all text in the answer so far. */
  get deliveredBytes(): number {
    return this.meter.deliveredBytes
  }

  /** There is delivered text that no statement covers: `usage` counts it. */
  get needsCount(): boolean {
    return this.meter.needsCount
  }

  usage(): MeteredUsage {
    return this.meter.usage()
  }

  /** For beats and pacing only. */
  runningUsage(): Usage {
    return this.meter.runningUsage()
  }
}

type CountingOptions = Pick<SameDialectOptions, 'countTokens' | 'expectedInputTokens'>
