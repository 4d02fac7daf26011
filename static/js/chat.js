/** Everything a page one chats on needs. The composer listens before the thread's state is told. */
import "./page.js";
import "./code-tools.js";
import "./composer.js";
import "./connection-state.js";
import "./elapsed.js";
import "./formulas.js";
import "./over.js";
import "./scroll.js";
import "./stream.js";
import "./taken-back.js";
import "./thread-state.js";
