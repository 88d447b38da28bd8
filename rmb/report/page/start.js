// What happens when the page is read; the last of the files.

themeButton();
tooltip();
startBrowser();
