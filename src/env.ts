// The whole environment of the Worker, joined from what each folder needs. Read by worker.ts alone.

import type { AccountObject } from '#ledger/account.ts'
import type { EntriesMessage } from '#ledger/entry.ts'
import type { ParkedCapture } from '#ledger/parked-capture.ts'
import type { PaymentEnv } from '#payments/config.ts'
import type { WelcomeEnv } from '#payments/welcome-offer.ts'
import type { NoticesEnv } from '#notices/config.ts'
import type { ProviderEnv } from '#providers/provider.ts'

export type Env = {
  ENVIRONMENT: string
  KEY_PREFIX: string

  ACCOUNT: DurableObjectNamespace<AccountObject>
  RELAY: DurableObjectNamespace
  ENTRIES_QUEUE: Queue<EntriesMessage>
  TASKS_QUEUE: Queue<EntriesMessage>
  CAPTURES_QUEUE: Queue<ParkedCapture>
  AUTH_FAILURES: RateLimit

  /** Signs API keys: ≥ 32 characters. */
  KEY_SECRET?: string
  /** The secret before the last roll; keys under it stay valid. */
  KEY_SECRET_PREVIOUS?: string
  /** The operator API's credential: ≥ 32 characters. */
  OPERATOR_TOKEN?: string
  /** Seals secrets that are kept in Postgres, such as those of customers' webhooks: ≥ 32 characters. */
  SEALING_KEY?: string
  /** The one before, during a roll: it opens what it has sealed. */
  SEALING_KEY_PREVIOUS?: string
  /** Operator requests per minute and credential; 100 where absent. */
  OPERATOR_RPM?: string
  /** Requests under `/api` per minute and account, 300 where absent; three times as many per network. */
  CONSOLE_RPM?: string
  /** Payments begun and cards saved per hour and account, 20 where absent; three times as many per network. */
  PAYMENT_ATTEMPTS_PER_HOUR?: string
  /** Promotion codes tried per hour and account, 5 where absent; twice as many per network. */
  CODE_ATTEMPTS_PER_HOUR?: string
  /** Which providers are asked first, and with `-` which never, for a model that several serve. */
  PROVIDER_ORDER?: string
  /** `plain`: refusals under /v1 are `{"error": "…"}`; OpenAI's error object where absent. */
  ERROR_SHAPE?: string
  DATABASE_URL?: string
  /** Development only: the HTTP endpoint that speaks Neon's protocol. */
  NEON_HTTP?: string
  UPSTASH_REDIS_REST_URL?: string
  UPSTASH_REDIS_REST_TOKEN?: string
  /** Development only: divides every duration of ledger/timings.ts, for storm tests. */
  TIME_SCALE?: string
} & ProviderEnv &
  PaymentEnv &
  WelcomeEnv &
  NoticesEnv
