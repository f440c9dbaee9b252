// What the operator sets for payments, read once. Nothing is guessed: what is missing or cannot be right closes the routes
// that need it, with the name of the setting.

export type PaymentEnv = {
  ENVIRONMENT: string
  /** `sk_…` or better a restricted `rk_…`, of test or live mode. */
  STRIPE_SECRET_KEY?: string
  /** Of the webhook endpoint `/webhooks/stripe`. */
  STRIPE_WEBHOOK_SECRET?: string
  /** The one before, during a roll. */
  STRIPE_WEBHOOK_SECRET_PREVIOUS?: string
  /** What the page in the browser needs: `pk_…`. */
  STRIPE_PUBLISHABLE_KEY?: string
  /** Development only: a server that speaks Stripe's API. */
  STRIPE_BASE_URL?: string
  /** `automatic`: Stripe computes the tax and adds it; none where absent. */
  STRIPE_TAX?: string
  /** Follows the account's name on the customer's card statement: 2 to 22 characters. */
  STRIPE_STATEMENT_SUFFIX?: string
}

export type PaymentConfig = {
  secretKey: string
  isLive: boolean
  baseUrl: URL | undefined
  hasAutomaticTax: boolean
  statementSuffix: string | undefined
}

/** Stripe's are longer than 30; anything shorter was never one of its keys. */
const secretCharactersMin = 20
const keyPattern = /^(?:sk|rk)_(test|live)_\w+$/

/** Undefined where the key is missing or none of Stripe's. */
export function paymentConfig(env: PaymentEnv): PaymentConfig | undefined {
  const secretKey = env.STRIPE_SECRET_KEY ?? ''
  const mode = keyPattern.exec(secretKey)?.[1]
  if (mode === undefined || secretKey.length < secretCharactersMin) return undefined
  const suffix = env.STRIPE_STATEMENT_SUFFIX ?? ''
  return {
    secretKey,
    isLive: mode === 'live',
    baseUrl: baseUrlOf(env),
    hasAutomaticTax: env.STRIPE_TAX === 'automatic',
    statementSuffix: suffix === '' ? undefined : suffix,
  }
}

/** In production nothing stands in for Stripe, whatever is set. */
function baseUrlOf({ ENVIRONMENT, STRIPE_BASE_URL: text = '' }: PaymentEnv): URL | undefined {
  return ENVIRONMENT === 'production' || !URL.canParse(text) ? undefined : new URL(text)
}

/** The secrets under which an event may be signed; empty closes the route. */
export function webhookSecrets(env: PaymentEnv): readonly string[] {
  const secrets = [env.STRIPE_WEBHOOK_SECRET ?? '', env.STRIPE_WEBHOOK_SECRET_PREVIOUS ?? '']
  // The one of before alone would mean that somebody has emptied the present one.
  return isSecret(secrets[0]) ? secrets.filter(isSecret) : []
}

function isSecret(text: string | undefined): text is string {
  return text !== undefined && text.length >= secretCharactersMin && !/\s/.test(text)
}
