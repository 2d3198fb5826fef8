// Starts the page: takes the token out of the address, draws what came with it, opens the stream.
import { render } from "preact";
import { App } from "./app.js";
import "./page.css";
import { connect, takeFirstRows } from "./store.js";

history.replaceState(null, "", `/${location.hash}`);
takeFirstRows();
render(<App />, document.getElementById("app")!);
connect();
