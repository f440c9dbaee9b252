// What the routes, handlers and sweeps of payments work with, as the root joins it.

import type { Clock } from '#core/clock.ts'
import type { Refusal } from '#core/errors.ts'
import type { RequestId } from '#core/ids.ts'
import type { Log } from '#core/log.ts'
import type { Db } from '#db/client.ts'
import type { AccountPorts } from '#ledger/account-port.ts'
import type { PaymentProvider } from './provider.ts'
import type { PlanOffers } from './subscription-state.ts'

export type PaymentParts = {
  /** Undefined while no key is set. Read when it is first asked for: the SDK is large. */
  provider: () => Promise<PaymentProvider | undefined>
  accounts: AccountPorts
  /** What plans are sold. */
  plans: PlanOffers
  db: Db | undefined
  clock: Clock
  log: Log
}

/** Where it is known that there is one. */
export type ReadyParts = Omit<PaymentParts, 'provider'> & { provider: PaymentProvider }

export type WebhookParts = PaymentParts & {
  webhookSecrets: readonly string[]
  makeRequestId(): RequestId
  refuseWith(refusal: Refusal, requestId: RequestId): Response
}
