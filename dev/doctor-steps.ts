// The steps of `npm run doctor`: a new account, credit, a key, one charged call, and its row in Postgres, each told in one
// line. The first that fails says what to do and ends the visit; the account that was made is closed in any case.

import { type NanoUsd, formatUsd, parseUsd } from '#core/money.ts'

export type DoctorParts = {
  baseUrl: string
  operatorToken: string
  /** Absent where only the Worker is looked at. */
  query: ((sql: string, values: readonly unknown[]) => Promise<readonly Fields[]>) | undefined
  request: (url: string, init: RequestInit) => Promise<Response>
  say: (line: string) => void
  waitMs: (ms: number) => Promise<void>
  /** Makes names and references of this visit its own. */
  visit: string
}

export type Fields = { readonly [name: string]: unknown }

/** What went wrong, and what the operator can do about it. */
class Trouble extends Error {
  readonly advice: string
  constructor(message: string, advice: string) {
    super(message)
    this.advice = advice
  }
}

const credit = '0.10'
const rowWithinMs = 90_000
const rowAskEveryMs = 1_000

type Visit = DoctorParts & { accountId: string; keyNumber: number; apiKey: string }
type Call = { callId: string; model: string; cost: NanoUsd }

export async function runDoctor(parts: DoctorParts): Promise<boolean> {
  const visit: Visit = { ...parts, accountId: '', keyNumber: 0, apiKey: '' }
  let isWell = true
  try {
    await checkHealth(visit)
    await createAccount(visit)
    await grantCredit(visit)
    await issueKey(visit)
    await checkSealing(visit)
    const call = await makeCall(visit)
    await checkBalance(visit, call)
    await checkRow(visit, call)
  } catch (error) {
    isWell = false
    parts.say(`✗ ${error instanceof Error ? error.message : String(error)}`)
    parts.say(`  → ${error instanceof Trouble ? error.advice : `Is ${parts.baseUrl} reachable from here?`}`)
  }
  if (visit.accountId !== '') await closeAccount(visit)
  return isWell
}

async function checkHealth(visit: Visit): Promise<void> {
  const response = await visit.request(`${visit.baseUrl}/healthz`, {})
  if (response.status !== 200) {
    throw new Trouble(
      `health: /healthz answers ${response.status}`,
      'Is this the URL that "npm run deploy" printed?',
    )
  }
  visit.say('✓ health: the Worker answers')
}

async function createAccount(visit: Visit): Promise<void> {
  const answer = await operator(visit, 'account', 'POST /accounts', { name: `Doctor ${visit.visit}` })
  visit.accountId = text(answer, 'id')
  visit.say(`✓ account: ${visit.accountId} is open, its object answers`)
}

async function grantCredit(visit: Visit): Promise<void> {
  const grant = { amount: credit, reason: 'npm run doctor', idempotency_key: `doctor-${visit.visit}` }
  await operator(visit, 'credit', `POST /accounts/${visit.accountId}/grants`, grant)
  visit.say(`✓ credit: $${credit} granted`)
}

async function issueKey(visit: Visit): Promise<void> {
  const answer = await operator(visit, 'key', `POST /accounts/${visit.accountId}/keys`, { name: 'doctor' })
  visit.apiKey = text(answer, 'key')
  visit.keyNumber = Number(answer['key_number'])
  visit.say('✓ key: issued')
}

/** Makes an endpoint that is told of nothing, and deletes it again. */
async function checkSealing(visit: Visit): Promise<void> {
  const { accountId } = visit
  const address = { url: 'https://doctor.example.com/', types: ['webhook_disabled'] }
  const body = { account_id: accountId, ...address }
  const made = await request(visit, 'sealing', { call: 'POST /webhooks', folder: '/api', body })
  const gone = `DELETE /webhooks/${text(made, 'id')}?account_id=${accountId}`
  await request(visit, 'sealing', { call: gone, folder: '/api', body: undefined })
  visit.say('✓ sealing: secrets can be kept')
}

/** Asks the cheapest model of each provider until one answers: an operator may have a key for one of them only. */
async function makeCall(visit: Visit): Promise<Call> {
  const troubles: string[] = []
  for (const model of await cheapestModels(visit)) {
    const response = await visit.request(`${visit.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${visit.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: 16,
        messages: [{ role: 'user', content: 'Say hello.' }],
      }),
    })
    const body = await response.text()
    const cost = response.ok ? costOf(body) : undefined
    const callId = response.headers.get('x-generation-id')
    if (cost !== undefined && callId !== null) {
      visit.say(`✓ call: ${model} answered and cost $${formatUsd(cost)} (${callId})`)
      return { callId, model, cost }
    }
    troubles.push(`${model}: ${response.ok ? 'an answer without cost' : messageOf(body, response.status)}`)
  }
  throw new Trouble(
    `call: no model answered\n    ${troubles.join('\n    ')}`,
    'Store a provider’s key: npx wrangler secret put OPENAI_API_KEY (or that of another company: npm run setup names them; several keys of one go with commas between them).',
  )
}

async function cheapestModels(visit: Visit): Promise<string[]> {
  const response = await visit.request(`${visit.baseUrl}/v1/models`, {})
  const { data } = fieldsOf(await response.json())
  const models = Array.isArray(data) ? data.map(fieldsOf) : []
  const price = (model: Fields) =>
    Number(fieldsOf(model['pricing'])['completion'] ?? Number.POSITIVE_INFINITY)
  const perProvider = new Map<unknown, Fields>()
  // A call that costs nothing would prove nothing of the books.
  const charged = models.filter((model) => price(model) > 0)
  for (const model of charged.toSorted((a, b) => price(a) - price(b))) {
    if (!perProvider.has(model['provider'])) perProvider.set(model['provider'], model)
  }
  if (perProvider.size === 0)
    throw new Trouble('models: the catalog is empty', 'Deploy again: npm run deploy')
  return [...perProvider.values()].map((model) => text(model, 'id'))
}

async function checkBalance(visit: Visit, call: Call): Promise<void> {
  const response = await visit.request(`${visit.baseUrl}/v1/account`, {
    headers: { authorization: `Bearer ${visit.apiKey}` },
  })
  const balance = text(fieldsOf(await response.json()), 'current_balance')
  const due = Number(parseUsd(credit)) - call.cost
  if (Number(parseUsd(balance)) !== due) {
    throw new Trouble(
      `balance: $${balance} after a call of $${formatUsd(call.cost)} on $${credit}`,
      `Compare GET /operator/v1/accounts/${visit.accountId} with this; report it if they differ.`,
    )
  }
  visit.say(`✓ balance: $${balance}, exactly $${credit} less the call`)
}

async function checkRow(visit: Visit, { callId, cost }: Call): Promise<void> {
  if (visit.query === undefined) {
    throw new Trouble(
      'row: not looked for, DATABASE_URL is unknown here',
      'Give it: DATABASE_URL=… npm run doctor -- URL',
    )
  }
  for (let waitedMs = 0; waitedMs <= rowWithinMs; waitedMs += rowAskEveryMs) {
    const sql = 'select cost_nano_usd::text as cost from charges where call_id = $1'
    const [row] = await askDatabase(visit.query, sql, [callId])
    if (row !== undefined) {
      const inPostgres = Number(text(row, 'cost'))
      if (inPostgres === cost) return visit.say('✓ row: the charge is in Postgres')
      throw new Trouble(`row: Postgres says ${inPostgres} nano-dollars`, 'Look at GET /operator/v1/findings.')
    }
    await visit.waitMs(rowAskEveryMs)
  }
  throw new Trouble(
    `row: not in Postgres after ${rowWithinMs / 1_000} s`,
    'Do DATABASE_URL here and in the Worker name one database, and does the queue have a consumer? npx wrangler queues info sluice-entries',
  )
}

async function askDatabase(
  query: NonNullable<DoctorParts['query']>,
  sql: string,
  values: readonly unknown[],
) {
  try {
    return await query(sql, values)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Trouble(
      `row: Postgres refused: ${reason}`,
      'Are the migrations applied? npm run setup -- --env production',
    )
  }
}

/** Nothing of a visit stays usable: the key is revoked and the account frozen. */
async function closeAccount(visit: Visit): Promise<void> {
  const account = `/accounts/${visit.accountId}`
  try {
    if (visit.keyNumber > 0) await operator(visit, 'closing', `DELETE ${account}/keys/${visit.keyNumber}`)
    await operator(visit, 'closing', `PATCH ${account}`, { frozen: true, reason: 'npm run doctor is done' })
    visit.say(`✓ closed: ${visit.accountId} is frozen, its key revoked`)
  } catch (error) {
    visit.say(
      `– closing ${visit.accountId} failed: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** One call of the operator API, named as `POST /accounts`. */
function operator(visit: Visit, step: string, call: string, body?: Fields): Promise<Fields> {
  return request(visit, step, { call, folder: '/operator/v1', body })
}

type Asked = { call: string; folder: string; body: Fields | undefined }

async function request(visit: Visit, step: string, { call, folder, body }: Asked): Promise<Fields> {
  const [method = '', path = ''] = call.split(' ')
  const response = await visit.request(`${visit.baseUrl}${folder}${path}`, {
    method,
    headers: { authorization: `Bearer ${visit.operatorToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const answer = await response.text()
  if (response.ok) return fieldsOf(answer === '' ? {} : JSON.parse(answer))
  throw new Trouble(`${step}: ${messageOf(answer, response.status)}`, adviceFor(response.status, answer))
}

function adviceFor(status: number, answer: string): string {
  if (status === 401 || status === 403) return 'OPERATOR_TOKEN here is not the one that the Worker has.'
  if (status === 404) return 'Is this the URL that "npm run deploy" printed?'
  if (answer.includes('not_configured')) return 'Store what is missing: npm run setup -- --env production'
  return 'Look at the Worker’s log: npx wrangler tail'
}

function messageOf(body: string, status: number): string {
  try {
    const { error } = fieldsOf(JSON.parse(body))
    return `${status} ${String(fieldsOf(error)['message'] ?? error)}`
  } catch {
    // Not our error shape: something between here and the Worker answered.
    return `${status} ${body.slice(0, 200)}`
  }
}

/** The cost in the last frame that has one: a JSON number of dollars, exact in nine decimals. */
function costOf(stream: string): NanoUsd | undefined {
  const frames = stream
    .split('\n')
    .flatMap((line) => (line.startsWith('data: {') ? [line.slice('data: '.length)] : []))
  const costs = frames.map((frame) => fieldsOf(fieldsOf(JSON.parse(frame))['usage'])['cost'])
  const cost = costs.findLast((value) => typeof value === 'number')
  return cost === undefined ? undefined : parseUsd(cost.toFixed(9))
}

function text(fields: Fields, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string')
    throw new Error(`an answer without "${name}": ${JSON.stringify(fields).slice(0, 200)}`)
  return value
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
