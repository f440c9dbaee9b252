// An account object reduced to its log and its outbox, for tests of the mirror: it makes entries, sends them in messages
// and remembers how far it was told that Postgres is complete.

import { createHash } from 'node:crypto'
import { asMillis } from '#core/clock.ts'
import { makeAccountId, keyNumber, type AccountId } from '#core/ids.ts'
import { addNanoUsd, nanoUsd, zeroNanoUsd } from '#core/money.ts'
import type { AccountPort, AccountPorts } from '#ledger/account-port.ts'
import type { CommandAnswer, Confirm } from '#ledger/account-commands.ts'
import type { Pulse } from '#ledger/pulse.ts'
import type { ChargeDetail } from '#ledger/call-commands.ts'
import type { Entry, EntryKind } from '#ledger/entry.ts'

export type SentEntry = Entry & { hash: string }

export type EntryDraft = {
  kind: EntryKind
  reference: string
  amount: number
  keyNumber?: number
  detail?: Entry['detail']
}

const startedAt = Date.parse('2026-11-01T00:00:00Z')

export class StandInAccount {
  readonly accountId: AccountId = makeAccountId('e', (bytes) => crypto.getRandomValues(new Uint8Array(bytes)))
  readonly entries: SentEntry[] = []
  confirmed = 0
  resends = 0
  pulses = 0
  /** What it says of its health beside the usual. */
  pulse: Partial<Pulse> = {}
  readonly confirms: Confirm[] = []

  add(draft: EntryDraft): SentEntry {
    const last = this.entries.at(-1)
    const seq = this.entries.length + 1
    const amountNanoUsd = nanoUsd(draft.amount)
    const entry: Entry = {
      epoch: 1,
      seq,
      kind: draft.kind,
      reference: draft.reference,
      amountNanoUsd,
      balanceAfterNanoUsd: addNanoUsd(last?.balanceAfterNanoUsd ?? zeroNanoUsd, amountNanoUsd),
      createdAtMs: asMillis(startedAt + seq * 1_000),
      keyNumber: draft.keyNumber === undefined ? null : keyNumber(draft.keyNumber),
      detail: draft.detail ?? {},
    }
    const hash = createHash('sha256')
      .update(`${last?.hash ?? ''}${JSON.stringify(entry)}`)
      .digest('hex')
    const sent = { ...entry, hash }
    this.entries.push(sent)
    return sent
  }

  /** `create`, a grant of $10 and `calls` charges of one nano-dollar more each time. */
  live(calls: number): this {
    this.add({ kind: 'create', reference: 'create', amount: 0, detail: { name: 'Ada' } })
    this.add({ kind: 'grant', reference: 'grant:1', amount: 10_000_000_000 })
    for (let call = 1; call <= calls; call += 1)
      this.add({ kind: 'usage', reference: callId(call), amount: -call, keyNumber: 1, detail: chargeDetail })
    return this
  }

  /** The log in messages of `size` entries, in order. */
  messages(size: number): { accountId: AccountId; entries: SentEntry[] }[] {
    const messages = []
    for (let index = 0; index < this.entries.length; index += size)
      messages.push({ accountId: this.accountId, entries: this.entries.slice(index, index + size) })
    return messages
  }

  confirm(command: Confirm): CommandAnswer {
    this.confirms.push(command)
    const entry = this.entries[command.seq - 1]
    if (entry?.hash !== command.hash || entry.balanceAfterNanoUsd !== command.sumNanoUsd)
      return { ok: false, code: 'invalid_command' }
    this.confirmed = Math.max(this.confirmed, command.seq)
    return { ok: true }
  }
}

export function callId(call: number): string {
  return `gen_${String(call).padStart(22, '0')}`
}

export const chargeDetail: ChargeDetail = {
  requestId: 'req_0000000000000000000001',
  model: 'gpt-test',
  provider: 'openai',
  endpoint: '/v1/chat/completions',
  isStreamed: true,
  priceVersion: '2026-11-01',
  usage: { input: 7, cacheRead: 3, output: 5, reasoning: 2 },
  usageSource: 'final',
  lines: [
    { unit: 'input', units: 7, pricePicoUsd: 150_000 },
    { unit: 'output', units: 7, pricePicoUsd: 600_000 },
  ],
  rule: 'done',
  status: 'ok',
  durationMs: 900,
  firstTokenMs: 120,
  upstreamId: 'chatcmpl-1',
}

/** The methods of the port that settlement uses; any other is a mistake of the test. */
export function portsOf(accounts: readonly StandInAccount[]): AccountPorts {
  return (accountId) => {
    const account = accounts.find((candidate) => candidate.accountId === accountId)
    const used: Partial<AccountPort> = {
      confirm: async (command) => account?.confirm(command) ?? { ok: false, code: 'no_such_account' },
      resend: async () => {
        if (account !== undefined) account.resends += 1
        return { ok: true }
      },
      pulse: async () => {
        if (account === undefined) return null
        account.pulses += 1
        return pulseOf(account)
      },
      entriesAfter: async (afterSeq, limit) =>
        account?.entries.filter((entry) => entry.seq > afterSeq).slice(0, limit) ?? [],
    }
    return used as AccountPort
  }
}

function pulseOf(account: StandInAccount): Pulse {
  const head = account.entries.length
  const { confirmed, pulse } = account
  return {
    epoch: 1,
    head,
    sent: head,
    confirmed,
    overdue: null,
    unconfirmedForMs: 0,
    oldestHoldAgeMs: 0,
    databaseBytes: 40_000,
    ...pulse,
  }
}
