// What is used of nodemailer and of the SDK's client. Imported on first use; named here, so that a bundle leaves out the rest.
export { createTransport } from 'nodemailer';
