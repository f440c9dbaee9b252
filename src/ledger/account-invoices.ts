// What may be said to an account object about its invoices: short methods over one group commit, as all in account.ts.

import { AccountReads, noAccount } from './account-reads.ts'
import { askOfInvoice } from './invoice-asks.ts'
import type {
  AskOfInvoice,
  AskOfInvoiceAnswer,
  CutInvoice,
  CutInvoiceAnswer,
  EndInvoice,
  EndInvoiceAnswer,
  IssueInvoice,
  IssueInvoiceAnswer,
  PayInvoice,
  PayInvoiceAnswer,
} from './invoice-commands.ts'
import * as invoices from './invoices.ts'

const failed = { ok: false, code: 'internal' } as const

export class AccountInvoices extends AccountReads {
  cutInvoice(command: CutInvoice): Promise<CutInvoiceAnswer> {
    const cut = invoices.cutInvoice
    return this.engine.ask<CutInvoiceAnswer>((draft) => cut(draft, command), noAccount, failed)
  }

  issueInvoice(command: IssueInvoice): Promise<IssueInvoiceAnswer> {
    const issue = invoices.issueInvoice
    return this.engine.ask<IssueInvoiceAnswer>((draft) => issue(draft, command), noAccount, failed)
  }

  payInvoice(command: PayInvoice): Promise<PayInvoiceAnswer> {
    const pay = invoices.payInvoice
    return this.engine.ask<PayInvoiceAnswer>((draft) => pay(draft, command), noAccount, failed)
  }

  askOfInvoice(command: AskOfInvoice): Promise<AskOfInvoiceAnswer> {
    return this.engine.ask<AskOfInvoiceAnswer>((draft) => askOfInvoice(draft, command), noAccount, failed)
  }

  endInvoice(command: EndInvoice): Promise<EndInvoiceAnswer> {
    const end = invoices.endInvoice
    return this.engine.ask<EndInvoiceAnswer>((draft) => end(draft, command), noAccount, failed)
  }
}
