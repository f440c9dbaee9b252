// The cards of Stripe's test mode: what each magic payment method is, and what happens when it is charged.

import type Stripe from 'stripe'

/** What a payment with it does. */
export type CardBehaviour =
  | { does: 'succeed' }
  | { does: 'decline'; decline: DeclineCode }
  /** Asks for 3-D Secure: each time · until it was set up for payments without the customer. */
  | { does: 'authenticate'; unless: 'never' | 'set_up' }
  /** The money comes later, or does not (bank debits). */
  | { does: 'process'; end: 'succeeded' | 'failed' }
  /** The customer sends the money by bank transfer, whenever and as much as they like. */
  | { does: 'transfer' }

/** How a refund to it goes. */
export type RefundBehaviour = 'succeed' | 'pend' | 'fail_later'

export type Card = {
  brand: 'visa' | 'mastercard' | 'amex' | 'discover'
  last4: string
  /** The same for the same number, as at Stripe. */
  fingerprint: string
  behaviour: CardBehaviour
  refund: RefundBehaviour
  /** Attaching it to a customer is declined already. */
  isDeclinedAtOnce: boolean
  /** What the bank does after a good payment. */
  afterwards: 'nothing' | 'dispute' | 'inquiry' | 'fraud_warning'
}

type Decline = {
  code: Stripe.PaymentIntent.LastPaymentError.Code
  advice: 'confirm_card_data' | 'do_not_try_again' | 'try_again_later'
  message: string
}

const declined = 'Your card was declined.'

/** By decline code: the error's code, what the network advises, the sentence for the customer. */
export const declines = {
  generic_decline: { code: 'card_declined', advice: 'try_again_later', message: declined },
  insufficient_funds: {
    code: 'card_declined',
    advice: 'try_again_later',
    message: 'Your card has insufficient funds.',
  },
  try_again_later: { code: 'card_declined', advice: 'try_again_later', message: declined },
  card_velocity_exceeded: {
    code: 'card_declined',
    advice: 'try_again_later',
    message:
      'Your card was declined for making repeated attempts too frequently or exceeding its amount limit.',
  },
  lost_card: { code: 'card_declined', advice: 'do_not_try_again', message: declined },
  stolen_card: { code: 'card_declined', advice: 'do_not_try_again', message: declined },
  pickup_card: { code: 'card_declined', advice: 'do_not_try_again', message: declined },
  fraudulent: { code: 'card_declined', advice: 'do_not_try_again', message: declined },
  do_not_honor: { code: 'card_declined', advice: 'try_again_later', message: declined },
  do_not_try_again: { code: 'card_declined', advice: 'do_not_try_again', message: declined },
  expired_card: { code: 'expired_card', advice: 'confirm_card_data', message: 'Your card has expired.' },
  incorrect_cvc: {
    code: 'incorrect_cvc',
    advice: 'confirm_card_data',
    message: "Your card's security code is incorrect.",
  },
  processing_error: {
    code: 'processing_error',
    advice: 'try_again_later',
    message: 'An error occurred while processing your card. Try again in a little bit.',
  },
  authentication_required: {
    code: 'authentication_required',
    advice: 'try_again_later',
    message: 'Your card was declined. This transaction requires authentication.',
  },
} as const satisfies { readonly [declineCode: string]: Decline }

export type DeclineCode = keyof typeof declines

const good: Omit<Card, 'brand' | 'last4' | 'fingerprint'> = {
  behaviour: { does: 'succeed' },
  refund: 'succeed',
  isDeclinedAtOnce: false,
  afterwards: 'nothing',
}

const visa = (last4: string, differing: Partial<Card> = {}): Card => ({
  ...good,
  brand: 'visa',
  last4,
  fingerprint: `fpVisa${last4}local`,
  ...differing,
})

const declining = (last4: string, decline: DeclineCode): Card =>
  visa(last4, { behaviour: { does: 'decline', decline }, isDeclinedAtOnce: true })

/** By the names of Stripe's documentation; `pm_card_visa_chargeDeclined…` is `pm_card_chargeDeclined…` as well. */
export const magicCards: { readonly [name: string]: Card } = {
  pm_card_visa: visa('4242'),
  pm_card_visa_debit: visa('5556'),
  pm_card_mastercard: { ...visa('4444'), brand: 'mastercard', fingerprint: 'fpMastercard4444local' },
  pm_card_amex: { ...visa('8431'), brand: 'amex', fingerprint: 'fpAmex8431local' },
  pm_card_discover: { ...visa('9424'), brand: 'discover', fingerprint: 'fpDiscover9424local' },
  pm_card_chargeDeclined: declining('0002', 'generic_decline'),
  pm_card_chargeDeclinedInsufficientFunds: declining('9995', 'insufficient_funds'),
  pm_card_chargeDeclinedLostCard: declining('9987', 'lost_card'),
  pm_card_chargeDeclinedStolenCard: declining('9979', 'stolen_card'),
  pm_card_chargeDeclinedFraudulent: declining('0019', 'fraudulent'),
  pm_card_chargeDeclinedExpiredCard: declining('0069', 'expired_card'),
  pm_card_chargeDeclinedIncorrectCvc: declining('0127', 'incorrect_cvc'),
  pm_card_chargeDeclinedProcessingError: declining('0119', 'processing_error'),
  pm_card_chargeDeclinedVelocityLimitExceeded: declining('6975', 'card_velocity_exceeded'),
  /** Can be saved; every payment with it is declined. */
  pm_card_chargeCustomerFail: visa('0341', {
    behaviour: { does: 'decline', decline: 'generic_decline' },
  }),
  pm_card_authenticationRequired: visa('3184', { behaviour: { does: 'authenticate', unless: 'never' } }),
  pm_card_threeDSecure2Required: visa('3220', { behaviour: { does: 'authenticate', unless: 'never' } }),
  pm_card_authenticationRequiredOnSetup: visa('3155', {
    behaviour: { does: 'authenticate', unless: 'set_up' },
  }),
  pm_card_authenticationRequiredSetupForOffSession: visa('0446', {
    behaviour: { does: 'authenticate', unless: 'set_up' },
  }),
  pm_card_createDispute: visa('0259', { afterwards: 'dispute' }),
  pm_card_createDisputeInquiry: visa('1976', { afterwards: 'inquiry' }),
  pm_card_createIssuerFraudRecord: visa('5423', { afterwards: 'fraud_warning' }),
  pm_card_pendingRefund: visa('7726', { refund: 'pend' }),
  pm_card_refundFail: visa('5126', { refund: 'fail_later' }),
}

export function magicCard(name: string): Card | undefined {
  return magicCards[name] ?? magicCards[name.replace('pm_card_visa_charge', 'pm_card_charge')]
}

/** Methods other than cards, by the names that tests and the pay page use. */
export const otherMethods = {
  pm_usBankAccount_success: {
    type: 'us_bank_account',
    behaviour: { does: 'process', end: 'succeeded' },
  },
  pm_usBankAccount_accountClosed: {
    type: 'us_bank_account',
    behaviour: { does: 'process', end: 'failed' },
  },
  pm_bankTransfer: { type: 'customer_balance', behaviour: { does: 'transfer' } },
  pm_paypal: { type: 'paypal', behaviour: { does: 'succeed' } },
  pm_cashapp: { type: 'cashapp', behaviour: { does: 'succeed' } },
  pm_crypto: { type: 'crypto', behaviour: { does: 'succeed' } },
} as const satisfies {
  readonly [name: string]: { type: Stripe.PaymentMethod.Type; behaviour: CardBehaviour }
}
