/** What a connection beside that to the server does: to take uploads, or to whatever host a link names. */
export const WOULD_SHOW = 'would show your address, which a server of the Tor network is to hide';
