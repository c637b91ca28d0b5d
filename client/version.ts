/** The version of the service whose contract this client was made from. */
export const contractVersion = '1.0.0';
