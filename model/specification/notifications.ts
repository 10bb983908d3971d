import { z } from 'zod';
import { not } from './fields.js';

export const Notifications = z
  .strictObject({
    webhooks: z
      .array(
        z.string().regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/, not('is not a name of at most 40 of a-z, 0-9 and -')),
      )
      .max(5, { error: 'names more than 5 webhooks' })
      .default([])
      .meta({
        description:
          'Webhooks to be told when an operation blocks, resumes and ends. Default: none. The names are those of the file that the worker reads with --webhooks; addresses and secrets never stand here.',
        examples: [['ops']],
      }),
  })
  .prefault({})
  .meta({ description: 'Who is told about operations of this cluster.' });
