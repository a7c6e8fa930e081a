// Gives the keys to the terminal as soon as it is there; else they would go nowhere until somebody clicks.
window.addEventListener("load", () => {
  const waiting = setInterval(() => {
    const keys = document.querySelector(".xterm-helper-textarea");
    if (keys) {
      clearInterval(waiting);
      keys.focus();
    }
  }, 50);
});
