/** Everything a page with the sidebar needs. */
import "./copy.js";
import "./dialogs.js";
import "./requests.js";
import "./running.js";
import "./sidebar.js";
import "./theme.js";
