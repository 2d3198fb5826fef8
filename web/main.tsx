// Starts the page: takes the token out of the address, opens the stream, draws.
import { render } from "preact";
import { App } from "./app.js";
import "./page.css";
import { connect } from "./store.js";

history.replaceState(null, "", `/${location.hash}`);
connect();
render(<App />, document.getElementById("app")!);
