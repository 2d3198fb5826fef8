// The face of the page that attacks images without a server.
export { type DemoFacts, demoPage } from "./demo-page.js";
