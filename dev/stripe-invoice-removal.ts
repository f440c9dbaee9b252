// Taking away what is not final at Stripe's stand-in: drafts of invoices, and items.

import type Stripe from 'stripe'
import { addUp, draft } from './stripe-invoices.ts'
import { idOf, known, type StripeState } from './stripe-state.ts'

/** Only a draft goes without a trace. */
export function deleteInvoice(state: StripeState, id: string): Stripe.DeletedInvoice {
  const invoice = draft(state, id)
  state.invoices.delete(id)
  state.emit('invoice.deleted', invoice)
  return { id, object: 'invoice', deleted: true }
}

export function deleteInvoiceItem(state: StripeState, id: string): Stripe.DeletedInvoiceItem {
  const item = known(state.invoiceItems, 'invoiceitem', id)
  state.invoiceItems.delete(id)
  const invoice = state.invoices.get(idOf(item.invoice) ?? '')
  if (invoice !== undefined) {
    const { lines } = invoice
    lines.data = lines.data.filter(({ parent }) => parent?.invoice_item_details?.invoice_item !== id)
    addUp(invoice)
  }
  state.emit('invoiceitem.deleted', item)
  return { id, object: 'invoiceitem', deleted: true }
}
