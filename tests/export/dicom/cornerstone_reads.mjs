// Prints what cornerstone, the library under OHIF, makes of a structured report, as JSON.
// Usage: node cornerstone_reads.mjs NODE_MODULES REPORT
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [modules, report] = process.argv.slice(2).map((name) => path.resolve(name));
const dcmjs = createRequire(path.join(modules, "x.js"))("dcmjs");
const adapters = path.join(modules, "@cornerstonejs/adapters/dist/esm/index.js");
const { adaptersSR } = await import(pathToFileURL(adapters));

// The library tells what it does; standard output is for the answer.
console.log = console.warn = () => {};
const { buffer, byteOffset, byteLength } = fs.readFileSync(report);
const { dict } = dcmjs.data.DicomMessage.readFile(
  buffer.slice(byteOffset, byteOffset + byteLength),
);
const dataset = dcmjs.data.DicomMetaDictionary.naturalizeDataset(dict);
const state = adaptersSR.Cornerstone3D.MeasurementReport.generateToolState(
  dataset,
  {},
  { get() {} },
);
const found = Object.entries(state).flatMap(([tool, measurements]) =>
  measurements.map((measurement) => ({
    tool,
    uid: measurement.TrackingUniqueIdentifier,
    label: measurement.annotation.data.label,
    points_lps: measurement.annotation.data.handles.points,
    frame: measurement.annotation.metadata.FrameOfReferenceUID,
    sites: measurement.findingSites.map((site) => site.CodeMeaning),
  })),
);
process.stdout.write(JSON.stringify(found));
