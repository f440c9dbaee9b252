// What the product is compared with: a Worker that passes the request to the upstream and the answer back, and does nothing
// else. Whatever the product costs above this is what its promises cost.

type BareEnv = { UPSTREAM: string }

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url)
    return fetch(env.UPSTREAM + pathname, request)
  },
} satisfies ExportedHandler<BareEnv>
