/**
 * The floor of an application on Express: one route without a store, on the usual adapter, and nothing else.
 */
import { configure } from '@vendia/serverless-express';
import express from 'express';

const app = express();
app.get('/', (_request, response) => {
  response.json({ name: 'duet', version: '1.0.0', links: { health: '/health', docs: '/docs', openapi: '/openapi.json' } });
});

const serve = configure({ app });

export const handler = async (event, context) => serve(event, context, () => {});
