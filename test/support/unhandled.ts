/**
 * Whether an error that nothing caught says nothing of the tests: the Temporal client tries a call again by a timer, and does
 * not stop it when its connection is closed meanwhile (@temporalio/client, grpc-retry). For `onUnhandledError`.
 */
export const isRetryOfClosedConnection = ({ message, stack = '' }: { message: string; stack?: string }): boolean =>
  message === 'Channel has been shut down' && /@temporalio\/client\/lib\/grpc-retry/.test(stack);
