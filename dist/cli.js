const __filename_url = require('node:url').pathToFileURL(__filename).href;
"use strict";

// src/cli.ts
console.log("tollgate");
