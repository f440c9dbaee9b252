// All that is no call: what an account reads about itself, its keys, the operator's part, the queues, the hourly trigger.
// With Postgres' driver it is larger than the path of a call, so an isolate reads it when it is first asked for.

import { Hono } from 'hono'

import type { ConsoleParts } from '#console/guard.ts'
import { consoleRoutes } from '#console/routes.ts'
import { type AccountId, keyNumber } from '#core/ids.ts'
import { type Sealer, sealerOf } from '#core/sealing.ts'
import { type Db, makeDb } from '#db/client.ts'
import { resealKeptSecrets } from '#db/kept-secrets.ts'
import { authenticate } from '#gateway/authenticate.ts'
import { consumeParkedCaptures } from '#gateway/parked-captures.ts'
import type { GatewayParts } from '#gateway/parts.ts'
import { authenticateReader } from '#gateway/routes.ts'
import { attemptLimits } from '#limits/attempt-limits.ts'
import type { MintKey } from '#keys/issue.ts'
import type { KeysParts } from '#keys/key-guard.ts'
import { keysRoutes } from '#keys/routes.ts'
import { mintApiKey } from '#ledger/api-key.ts'
import type { EntriesMessage } from '#ledger/entry.ts'
import { listen } from '#ledger/listening.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import type { TaskHandler } from '#ledger/tasks.ts'
import { authorizeOperator } from '#ops/operator-authorize.ts'
import { expiringCardHandler, type SavedCard } from '#notices/expiring-card.ts'
import { forgetOld } from '#notices/forget-old.ts'
import { noticeHandler } from '#notices/notice-handler.ts'
import { localOriginOf, mailerOf, sellerOf } from '#notices/config.ts'
import type { NoticesParts } from '#notices/parts.ts'
import type { Described } from '#notices/receipt-figures.ts'
import { sendDue } from '#notices/send-due.ts'
import { resealSecrets } from '#notices/webhook-secrets.ts'
import { runCron } from '#ops/cron.ts'
import { operatorRoutes } from '#ops/operator.ts'
import type { OperatorParts } from '#ops/operator-guard.ts'
import { operatorLimit } from '#ops/operator-limit.ts'
import { autoTopUpTask } from '#payments/auto-top-up-task.ts'
import { paymentConfig, webhookSecrets } from '#payments/config.ts'
import { invoiceTask } from '#payments/invoice-task.ts'
import { comparisonAt } from '#payments/compare.ts'
import { mirrorOrders } from '#payments/mirror-orders.ts'
import type { PaymentParts } from '#payments/parts.ts'
import { forgetEvents } from '#payments/payment-store.ts'
import { completeRedemptions } from '#payments/redeem.ts'
import { completeWelcomes } from '#payments/welcome-credit.ts'
import { welcomeOffer } from '#payments/welcome-offer.ts'
import { sweepInvoices } from '#payments/sweep-invoices.ts'
import { sweepSubscriptions } from '#payments/sweep-subscriptions.ts'
import { sweepOrders } from '#payments/sweep.ts'
import { subscriptionTask } from '#payments/subscription-task.ts'
import { refundHandler } from '#payments/refund-task.ts'
import { webhookRoutes } from '#payments/webhook.ts'
import { recordFindings } from '#settlement/findings.ts'
import type { ReadingParts } from '#reading/reader.ts'
import { readingRoutes } from '#reading/routes.ts'
import { relayPort } from '#relay/relay-client.ts'
import { responseRoutes } from '#relay/response-routes.ts'
import { generationRoutes } from '#relay/routes.ts'
import { consumeEntries } from '#settlement/consumer.ts'
import { consumeTasks } from '#settlement/consume-tasks.ts'
import { consumeDeadLetters, deadCapture, deadEntries, deadTask } from '#settlement/dead-letters.ts'
import { answerTheRest, answering, isSecret } from './answering.ts'
import type { Env } from './env.ts'
import { planOffers } from './plan-offers.ts'
import { clock, log, random } from './platform.ts'

export type QueuedMessage = EntriesMessage | ParkedCapture

export type BackOffice = {
  app: Hono
  consume(batch: MessageBatch<QueuedMessage>): Promise<void>
  runCron(cron: string): Promise<void>
}

export function openBackOffice(env: Env, parts: GatewayParts): BackOffice {
  const db = makeDb(env)
  const { accounts, timings } = parts
  const settlement = { db, accounts, clock, log }
  const sealer = lazySealer(env)
  const notices = {
    ...settlement,
    sealer,
    mailer: mailerOf(env),
    seller: sellerOf(env),
    localOrigin: localOriginOf(env),
  }
  const payments = paymentParts(env, parts, db)
  const taskHandlers = taskHandlersOf(payments, notices)
  const app = answerTheRest(new Hono())
  app.route('/', readingRoutes(readingParts(parts, db)))
  app.route('/', keysRoutes(keysParts(env, parts)))
  const relay = relayPort(env.RELAY)
  app.route('/', generationRoutes({ ...readingParts(parts, db), relay }))
  app.route('/', responseRoutes({ ...readingParts(parts, db), relay }))
  app.route('/', operatorRoutes(operatorParts(env, parts, payments)))
  app.route('/', webhookRoutes({ ...payments, ...answering, webhookSecrets: webhookSecrets(env) }))
  app.route('/', consoleRoutes(consoleParts(env, payments, notices)))
  return {
    app,
    async consume(batch) {
      if (batch.queue === 'sluice-entries') return consumeEntries(batch.messages, settlement)
      if (batch.queue === 'sluice-entries-dead')
        return consumeDeadLetters(batch.messages, deadEntries, settlement)
      if (batch.queue === 'sluice-captures-dead')
        return consumeDeadLetters(batch.messages, deadCapture, settlement)
      if (batch.queue === 'sluice-tasks') {
        await consumeTasks(batch.messages, taskHandlers, settlement)
        return sendDue(notices)
      }
      if (batch.queue === 'sluice-tasks-dead') return consumeDeadLetters(batch.messages, deadTask, settlement)
      const parked = batch.messages.filter(isParkedCapture)
      // What nobody can read ends as a dead letter, and so as a finding.
      for (const message of batch.messages) if (!isParkedCapture(message)) message.retry()
      return consumeParkedCaptures(parked, { accounts, clock, log, timings })
    },
    runCron: (cron) =>
      runCron(cron, {
        settlement,
        often: [
          { name: 'notices', run: () => sendDue(notices) },
          { name: 'invoices', run: () => sweepInvoices(payments) },
          { name: 'orders', run: () => sweepOrders(payments) },
          { name: 'plans', run: () => sweepSubscriptions(payments) },
        ],
        hourly:
          db === undefined
            ? []
            : [
                { name: 'promotions', run: () => completeRedemptions({ ...settlement, db }) },
                { name: 'welcome credits', run: () => completeWelcomes({ ...settlement, db }) },
                { name: 'payments', run: () => compareNightly({ ...payments, db }) },
                { name: 'old rows', run: () => forget(db) },
                { name: 'secrets', run: () => reseal(db, sealer) },
              ],
      }),
  }
}

/** Undefined while there is no key. */
function lazySealer({ SEALING_KEY: key, SEALING_KEY_PREVIOUS: previous }: Env): NoticesParts['sealer'] {
  const previousKey = isSecret(previous) ? previous : undefined
  let made: Promise<Sealer> | undefined
  return async () => (isSecret(key) ? (made ??= sealerOf({ key, previousKey }, random)) : undefined)
}

/** A slip in a setting gives nothing away, and is told. */
function offerOf(env: Env): ConsoleParts['welcome'] {
  const offer = welcomeOffer(env)
  const written = env.WELCOME_CREDIT_USD ?? ''
  if (offer === undefined && Number(written) !== 0) log.error('welcome_credit_not_readable', {})
  return offer
}

async function reseal(db: Db, sealer: NoticesParts['sealer']): Promise<void> {
  const made = await sealer()
  if (made === undefined) return
  await resealSecrets({ db, sealer: made, log }, clock.now())
  const lost = await resealKeptSecrets(db, made)
  if (lost > 0) log.error('kept_secret_lost', { count: lost })
}

async function forget(db: Db): Promise<void> {
  await forgetOld(db, clock.now())
  await forgetEvents(db, clock.now())
}

/** Who acts on entries outside the books. */
function taskHandlersOf(payments: PaymentParts, notices: NoticesParts): readonly TaskHandler[] {
  return [
    noticeHandler(notices, (paymentId) => describedPayment(paymentId, payments)),
    expiringCardHandler(notices, (accountId) => chargedCard(accountId, payments)),
    mirrorOrders(payments),
    autoTopUpTask(payments),
    refundHandler(payments),
    invoiceTask(payments),
    subscriptionTask(payments),
  ]
}

/** Once a day; the report's findings stand with those of the books. */
async function compareNightly(parts: PaymentParts & { db: Db }): Promise<void> {
  const compare = comparisonAt(parts.clock.now())
  const provider = compare && (await parts.provider())
  if (compare === undefined || provider === undefined) return
  await recordFindings(parts.db, await compare({ ...parts, provider }), parts.clock.now())
}

async function describedPayment(
  paymentId: string,
  { provider }: PaymentParts,
): Promise<Described | 'unknown' | undefined> {
  const stripe = await provider()
  const described = await stripe?.payments.describe(paymentId)
  if (described === undefined) return undefined
  if (described.ok) return described.value
  return described.code === 'unknown' ? 'unknown' : undefined
}

/** The card that automatic top-up charges, as the provider has it now. */
async function chargedCard(
  accountId: AccountId,
  { accounts, provider }: PaymentParts,
): Promise<SavedCard | undefined> {
  const stripe = await provider()
  const method = (await accounts(accountId).autoTopUp())?.method
  if (stripe === undefined || method === null || method === undefined) return undefined
  const card = await stripe.cards.look(method.id)
  return card.ok ? card.value : undefined
}

function operatorParts(env: Env, parts: GatewayParts, payments: PaymentParts): OperatorParts {
  const limit = operatorLimit(env, { clock, log })
  return {
    operatorToken: env.OPERATOR_TOKEN,
    accounts: parts.accounts,
    mintKey: mintKeyOf(env),
    limit: (key) => limit.allows(key),
    payments,
    db: payments.db,
    clock,
    random,
    log,
    ...answering,
  }
}

function paymentParts(env: Env, { accounts }: GatewayParts, db: Db | undefined): PaymentParts {
  const config = paymentConfig(env)
  let made: ReturnType<PaymentParts['provider']> | undefined
  const make = async () =>
    config === undefined ? undefined : (await import('#payments/stripe.ts')).stripeProvider(config)
  return { provider: () => (made ??= make()), accounts, plans: planOffers, db, clock, log }
}

function consoleParts(env: Env, payments: PaymentParts, notices: NoticesParts): ConsoleParts {
  const publishableKey = env.STRIPE_PUBLISHABLE_KEY ?? ''
  return {
    ...payments,
    ...answering,
    publishableKey: publishableKey === '' ? undefined : publishableKey,
    random,
    webhookOrigin: notices.localOrigin,
    sealer: notices.sealer,
    welcome: offerOf(env),
    sendNotices: () => sendDue(notices),
    attempts: attemptLimits(env, { clock, log }),
    authorize: (request, account) => authorizeOperator(request, account, env.OPERATOR_TOKEN),
  }
}

function keysParts(env: Env, parts: GatewayParts): KeysParts {
  const { accounts } = parts
  const mintKey = mintKeyOf(env)
  return {
    accounts,
    mintKey,
    clock,
    log,
    ...answering,
    authenticate: (request) => authenticate(request, parts),
  }
}

/** Undefined while keys cannot be signed. */
function mintKeyOf({ KEY_PREFIX: prefix, KEY_SECRET: keySecret }: Env): MintKey | undefined {
  if (!isSecret(keySecret)) return undefined
  return ({ accountId, keyNumber: number }) =>
    mintApiKey({ prefix, accountId, keyNumber: keyNumber(number), keySecret, random })
}

function readingParts(parts: GatewayParts, db: Db | undefined): ReadingParts {
  return {
    db,
    clock,
    log,
    listen,
    ...answering,
    authenticate: async (request) => {
      const authenticated = await authenticateReader(request, parts)
      if (!authenticated.ok) return authenticated
      const { accountId, keyNumber: number } = authenticated.caller
      const { scopes } = authenticated
      return { ok: true, accountId, keyNumber: number, scopes, port: parts.accounts(accountId) }
    },
  }
}

function isParkedCapture(message: Message<QueuedMessage>): message is Message<ParkedCapture> {
  return 'parkedAtMs' in message.body
}
