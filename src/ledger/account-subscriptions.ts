// What may be said to an account object about the plan that it pays for: short methods over one group commit, as all in account.ts.

import { AccountInvoices } from './account-invoices.ts'
import { noAccount } from './account-reads.ts'
import type {
  AskForPlan,
  AskForPlanAnswer,
  DropPage,
  TellSubscription,
  TellSubscriptionAnswer,
} from './subscription-commands.ts'
import * as subscriptions from './subscriptions.ts'

const failed = { ok: false, code: 'internal' } as const

export class AccountSubscriptions extends AccountInvoices {
  askForPlan(command: AskForPlan): Promise<AskForPlanAnswer> {
    const ask = subscriptions.askForPlan
    return this.engine.ask<AskForPlanAnswer>((draft) => ask(draft, command), noAccount, failed)
  }

  dropPage(command: DropPage): Promise<AskForPlanAnswer> {
    const drop = subscriptions.dropPage
    return this.engine.ask<AskForPlanAnswer>((draft) => drop(draft, command), noAccount, failed)
  }

  tellSubscription(command: TellSubscription): Promise<TellSubscriptionAnswer> {
    const tell = subscriptions.tellSubscription
    return this.engine.ask<TellSubscriptionAnswer>((draft) => tell(draft, command), noAccount, failed)
  }
}
