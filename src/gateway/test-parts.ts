// What a call runs on, with a ledger that says yes and remembers what it is told, for the tests of this folder and of relay/.

import { countTokensByBytes } from '#calls/count-tokens.ts'
import { loadCatalog } from '#catalog/catalog.ts'
import { aModel } from '#catalog/test-model.ts'
import { zeroNanoUsd } from '#core/money.ts'
import type { AccountPort } from '#ledger/account-port.ts'
import type {
  Admit,
  AdmitAnswer,
  Admitted,
  Beat,
  Capture,
  CaptureAnswer,
  Release,
} from '#ledger/call-commands.ts'
import { timings } from '#ledger/timings.ts'
import { Routing } from '#providers/routing.ts'
import { upstreamTimings } from '#providers/upstream-timings.ts'
// oxlint-disable-next-line no-restricted-imports -- The clock of tests lives beside the other stand-ins.
import { HandClock } from '../../test/world/hand-clock.ts'
import { KnownKeys } from './authenticate.ts'
import type { GatewayParts } from './parts.ts'
import { RefusalMemory } from './refusal-memory.ts'
import { Standing } from './standing.ts'

const figures = { limit: 100, remaining: 100, resetMs: 0 }

/** A yes that grants nothing. */
export function anAdmission(changes: Partial<Admitted> = {}): Admitted {
  return {
    ok: true,
    heldNanoUsd: zeroNanoUsd,
    availableNanoUsd: zeroNanoUsd,
    parallel: { calls: 0, exposureNanoUsd: zeroNanoUsd },
    burnNanoUsdPerMinute: zeroNanoUsd,
    rate: { requests: figures, tokens: figures, inFlight: figures },
    ...changes,
  }
}

/** What a ledger was told of calls, each list in the order in which it heard. */
export class ToldLedger {
  readonly admits: Admit[] = []
  readonly beats: Beat[] = []
  readonly captures: Capture[] = []
  readonly releases: Release[] = []
  admit: (admit: Admit) => AdmitAnswer | Promise<AdmitAnswer> = () => anAdmission()
  /** What it answers to a capture once it has it. */
  captured: (answer: CaptureAnswer) => CaptureAnswer | Promise<CaptureAnswer> = (answer) => answer

  /** Only a call's own commands are ever asked for. */
  port(): AccountPort {
    const port: Pick<AccountPort, 'admit' | 'beat' | 'capture' | 'release'> = {
      admit: async (admit) => {
        this.admits.push(admit)
        return this.admit(admit)
      },
      beat: async (beat) => {
        this.beats.push(beat)
        return { state: 'ok' }
      },
      capture: async (capture) => {
        this.captures.push(capture)
        const { costNanoUsd: chargedNanoUsd } = capture
        const balance = { balanceNanoUsd: zeroNanoUsd, availableNanoUsd: zeroNanoUsd }
        return this.captured({ ok: true, state: 'settled', chargedNanoUsd, ...balance })
      },
      release: async (release) => {
        this.releases.push(release)
        return { ok: true }
      },
    }
    return port as AccountPort
  }
}

export function testParts(ledger: ToldLedger, changes: Partial<GatewayParts> = {}): GatewayParts {
  return {
    clock: new HandClock(),
    random: (bytes) => new Uint8Array(bytes),
    log: { info: () => undefined, error: () => undefined },
    timings,
    upstreamTimings,
    catalog: loadCatalog([aModel()]),
    accounts: () => ledger.port(),
    captures: { park: async () => undefined },
    provider: () => undefined,
    credentials: () => [],
    routing: async () => new Routing({ providerOrder: undefined }),
    providerCap: undefined,
    fetch: async () => Promise.reject(new Error('This test has no upstream.')),
    nextTurn: async () => undefined,
    countO200k: async () => countTokensByBytes,
    standing: new Standing(timings.goodStandingMs),
    refusals: new RefusalMemory(),
    keyring: { prefix: 'sk-', keySecrets: [] },
    knownKeys: new KnownKeys(),
    authFailures: { allows: async () => true },
    ...changes,
  }
}
