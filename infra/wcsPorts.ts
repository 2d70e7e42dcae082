/** Where clients of WCS look for its REST methods: of the local runtime, and of a load balancer in front of `wcs`. */
export const WCS_PORTS = { http: 8081, https: 8444 } as const;
