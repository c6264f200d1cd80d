// @ts-check
import { ThreadWorker } from 'poolifier';

import * as tasks from '../../pool/tasks.js';

new ThreadWorker(/** @type {any} */ ({ ...tasks }));
