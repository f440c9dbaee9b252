// What a decline means for the next attempt (pure). Codes are the provider's; one that nobody knows may pass by itself.

/** The card will not be accepted again, whenever it is tried: asking on costs the operator its standing with the networks. */
const terminalCodes: ReadonlySet<string> = new Set([
  'card_not_supported',
  'currency_not_supported',
  'expired_card',
  'fraudulent',
  'incorrect_number',
  'invalid_account',
  'invalid_number',
  'lost_card',
  'merchant_blacklist',
  'new_account_information_available',
  'not_permitted',
  'pickup_card',
  'restricted_card',
  'revocation_of_all_authorizations',
  'revocation_of_authorization',
  'security_violation',
  'service_not_allowed',
  'stolen_card',
  'stop_payment_order',
  'transaction_not_allowed',
  // The method or its customer is no more.
  'payment_method_gone',
  // The provider will not charge it like this, however often it is asked.
  'provider_refused',
])

const terminalAdvice = 'do_not_try_again'

/** The bank asks for the card's owner: nothing that is tried without them helps. */
const actionCodes: ReadonlySet<string> = new Set(['authentication_required', 'offline_pin_required'])

export type DeclineMeaning = 'passing' | 'card' | 'needs_action'

export function meaningOfDecline(code: string, adviceCode: string | null): DeclineMeaning {
  if (actionCodes.has(code)) return 'needs_action'
  return terminalCodes.has(code) || adviceCode === terminalAdvice ? 'card' : 'passing'
}
