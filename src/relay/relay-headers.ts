// What the Worker and the Relay object tell each other beside a request. The Worker sets and strips them; a client's are overwritten.

export const requestIdHeader = 'x-relay-request-id'
/** Of a request that goes on from a kept answer and has that one's items in it already. */
export const previousHeader = 'x-relay-previous-response-id'
/** On an answer that is none: the object has no place for one more call. */
export const fullHeader = 'x-relay-full'
/** On an answer that is none: there is no such generation. */
export const nothingHeader = 'x-relay-nothing'
