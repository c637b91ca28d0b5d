// What is used of the SDK's client. Imported on first use; named here, so that a bundle leaves out its hundred other commands.
export { SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2';
