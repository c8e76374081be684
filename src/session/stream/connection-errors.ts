// Why there is no connection.

/** No server could be reached, or the connection broke before the login was done. Trying again may help. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed';
}

/** The server could not prove that it is the one asked for, or wants the login in the clear. */
export class ServerNotTrusted extends Error {
  override readonly name = 'ServerNotTrusted';
}
