/** What silence means after earlier answers in the same session. */
export const silentAfterAnswers =
  "no bytes received, although the meter answered before: it may be busy or restarting, or the connection is interrupted";
