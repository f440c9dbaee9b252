// The product for the bench: its own Worker and object, plus doors that only the harness knows: accounts made by RPC (the
// operator API allows 100 calls a minute), the confirmation that settlement gives, and a count of what objects write. The
// count is switched on after everything else was measured; until then nothing of the product is touched.

import worker from '#worker.ts'
import type { Env } from '#env.ts'
import { keyNumber, makeAccountId } from '#core/ids.ts'
import { nanoUsd } from '#core/money.ts'
import { mintApiKey } from '#ledger/api-key.ts'
import { AccountObject as RealAccountObject } from '#ledger/account.ts'
import type { Create } from '#ledger/account-commands.ts'
import { Counts } from './counts.ts'
import type { BenchAccount, BenchConfirm, BenchCount, NewBenchAccount } from './doors.ts'
import { loadObject, secretHashes } from './object-load.ts'

// The configuration names it; no call of the bench is long enough to be hosted.
export { RelayObject } from '#worker.ts'

let counts: Counts | undefined
let storage: DurableObjectStorage | undefined

export class AccountObject extends RealAccountObject {
  constructor(context: DurableObjectState, env: Env) {
    super(context, env)
    storage ??= context.storage
  }
}

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url)
    if (!pathname.startsWith('/__bench/')) return worker.fetch(request, env, context)
    if (pathname === '/__bench/account') return Response.json(await newAccount(await request.json(), env))
    if (pathname === '/__bench/confirm') return Response.json(await confirm(await request.json(), env))
    if (pathname === '/__bench/object') return Response.json(await loadObject(await request.json(), env))
    if (pathname === '/__bench/count') return Response.json(count())
    return new Response(null, { status: 404 })
  },
} satisfies ExportedHandler<Env>

/** Far above what any load here reaches, and still inside what the product accepts. */
const settings: NonNullable<Create['settings']> = {
  rpm: 1_000_000_000,
  tpm: 1_000_000_000,
  inFlight: 10_000,
}

async function newAccount(given: NewBenchAccount, env: Env): Promise<BenchAccount> {
  const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
  const accountId = makeAccountId('w', random)
  const account = env.ACCOUNT.get(env.ACCOUNT.idFromName(accountId))
  const isOk = async (answer: Promise<{ ok: boolean }>) => {
    const told = await answer
    if (!told.ok) throw new Error(`The account was not made: ${JSON.stringify(told)}`)
  }
  await isOk(account.create({ accountId, name: given.name, settings }))
  const money = { kind: 'grant', amountNanoUsd: nanoUsd(given.creditNanoUsd) } as const
  await isOk(account.credit({ ...money, reference: 'bench', reason: 'bench', actor: 'bench' }))
  const number = keyNumber(1)
  const minted = await mintApiKey({
    prefix: env.KEY_PREFIX,
    accountId,
    keyNumber: number,
    keySecret: env.KEY_SECRET ?? '',
    random,
  })
  secretHashes.set(accountId, minted.secretHash)
  const budgets = (['day', 'month'] as const).map((window) => ({
    window,
    amountNanoUsd: nanoUsd(given.budgetNanoUsd),
  }))
  const named = { reference: 'bench', name: 'bench', budgets, allowedModels: null }
  await isOk(account.putKey({ ...named, keyNumber: number, secretHash: minted.secretHash }))
  return { accountId, apiKey: minted.key }
}

async function confirm({ accountId, confirm }: BenchConfirm, env: Env) {
  return env.ACCOUNT.get(env.ACCOUNT.idFromName(accountId)).confirm(confirm)
}

function count(): BenchCount {
  if (storage === undefined) throw new Error('No object has been made yet.')
  counts ??= new Counts(storage, RealAccountObject.prototype)
  return counts.take()
}
