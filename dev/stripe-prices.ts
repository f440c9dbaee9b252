// Products and prices at Stripe's stand-in: kept ones, and those that a checkout or a subscription makes on the spot.

import Stripe from 'stripe'
import { refuseRequest } from './stripe-error.ts'
import { type Form, formIn, integerIn, metadataIn, requiredText, textIn, wordIn } from './stripe-form.ts'
import type { StripeState } from './stripe-state.ts'

export function createProduct(state: StripeState, form: Form): Stripe.Product {
  const product: Stripe.Product = {
    id: textIn(form, 'id') ?? state.newId('prod'),
    object: 'product',
    active: true,
    created: state.now(),
    description: textIn(form, 'description'),
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: metadataIn(form),
    name: requiredText(form, 'name'),
    package_dimensions: null,
    shippable: null,
    tax_details: null,
    type: 'service',
    updated: state.now(),
    url: null,
  }
  if (state.products.has(product.id))
    throw refuseRequest({ message: 'Product already exists.', code: 'resource_already_exists', param: 'id' })
  state.products.set(product.id, product)
  state.emit('product.created', product)
  return product
}

/** Of `price_data`, or of a price's own parameters. */
export function priceOf(state: StripeState, data: Form): Stripe.Price {
  const amount = integerIn(data, 'unit_amount')
  if (amount === null)
    throw refuseRequest({
      message: 'Missing required param: price_data[unit_amount].',
      param: 'price_data[unit_amount]',
      code: 'parameter_missing',
    })
  const recurring = formIn(data, 'recurring')
  const interval = wordIn(recurring, 'interval', ['day', 'week', 'month', 'year'])
  const price: Stripe.Price = {
    id: state.newId('price'),
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: state.now(),
    currency: requiredText(data, 'currency'),
    custom_unit_amount: null,
    livemode: false,
    lookup_key: textIn(data, 'lookup_key'),
    metadata: metadataIn(data),
    nickname: textIn(data, 'nickname'),
    product: textIn(data, 'product') ?? state.newId('prod'),
    recurring:
      interval === null
        ? null
        : {
            interval,
            interval_count: integerIn(recurring, 'interval_count') ?? 1,
            meter: null,
            trial_period_days: null,
            usage_type: 'licensed',
          },
    tax_behavior: wordIn(data, 'tax_behavior', ['exclusive', 'inclusive', 'unspecified']) ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: interval === null ? 'one_time' : 'recurring',
    unit_amount: amount,
    unit_amount_decimal: Stripe.Decimal.from(amount),
  }
  state.prices.set(price.id, price)
  return price
}
