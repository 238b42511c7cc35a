using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace Browser;

/// <summary>A headless Chromium, as Debian ships it, with what the tests ask of it. To start one takes longer than most tests do, so what
/// a test is done with goes on to another: with a new tab, and nothing kept of what was seen before.</summary>
internal sealed class Chromium : IDisposable
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(60);
    private static readonly ConcurrentBag<Chromium> Idle = [];
    private readonly ChromeDriverService _service;
    private readonly ChromeDriver _driver;

    private Chromium(ChromeDriverService service, ChromeDriver driver)
    {
        _service = service;
        _driver = driver;
    }

    public IWebDriver Driver => _driver;

    /// <summary>Gives a browser to a test; skips it when there is none.</summary>
    /// <param name="downloads">Where downloads go, or null for nowhere.</param>
    /// <param name="dark">The colour scheme the system is said to have.</param>
    public static Chromium Start(string? downloads = null, bool dark = true)
    {
        var browser = Find("chromium", "chromium-browser", "google-chrome");
        var driverPath = Find("chromedriver");
        Assert.SkipUnless(browser is not null && driverPath is not null, "chromium and chromedriver are not installed");
        if (!Idle.TryTake(out var chromium))
        {
            chromium = Launch(browser!, driverPath!);
        }

        if (downloads is not null)
        {
            Directory.CreateDirectory(downloads);
        }

        chromium.Cdp("Browser.setDownloadBehavior", downloads is null
            ? new() { ["behavior"] = "deny" }
            : new() { ["behavior"] = "allow", ["downloadPath"] = downloads });
        chromium.Resize(1280, 900);
        chromium.PreferDark(dark);
        return chromium;
    }

    /// <summary>Ends those that no test has.</summary>
    public static void EndIdle()
    {
        while (Idle.TryTake(out var chromium))
        {
            chromium.End();
        }
    }

    private static Chromium Launch(string browser, string driverPath)
    {
        var options = new ChromeOptions { BinaryLocation = browser };
        options.AddArguments(
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-quic",
            "--disable-sync",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
            "--force-color-profile=srgb");
        options.SetLoggingPreference(LogType.Browser, LogLevel.All);
        var service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(driverPath), Path.GetFileName(driverPath));
        service.SuppressInitialDiagnosticInformation = true;
        service.DisableBuildCheck = true;
        return new Chromium(service, new ChromeDriver(service, options, WaitLimit));
    }

    public void Open(string url) => _driver.Navigate().GoToUrl(url);

    /// <summary>Goes to a view of the page, as its links do: files, rain, cluster, deployments or settings.</summary>
    public void Go(string view) => Run("location.hash = `#/${arguments[0]}`", view);

    /// <summary>Clicks a button by its words.</summary>
    public void Press(string within, string words) => Assert.True(
        (bool)Run(
            "const one = [...document.querySelectorAll(arguments[0] + ' button')].find((each) => each.innerText.trim() === arguments[1]);"
                + "one?.click(); return one !== undefined && one.checkVisibility()", within, words)!, $"no button {words}");

    /// <summary>Sets the viewport in CSS pixels; a narrow one is a phone's.</summary>
    public void Resize(int width, int height, double pixelRatio = 1) => Cdp("Emulation.setDeviceMetricsOverride", new()
    {
        ["width"] = width,
        ["height"] = height,
        ["deviceScaleFactor"] = pixelRatio,
        ["mobile"] = false,
    });

    public void PreferDark(bool dark) => Cdp("Emulation.setEmulatedMedia", new()
    {
        ["features"] =
            new object[] { new Dictionary<string, object> { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" } },
    });

    /// <summary>Drops a file of this machine on an element, as the system's own drag and drop does.</summary>
    public void DropFile(string selector, params string[] paths)
    {
        var spot = Json($"const r = document.querySelector({JsonSerializer.Serialize(selector)}).getBoundingClientRect(); return "
            + "JSON.stringify([r.x + r.width / 2, r.y + r.height / 2]);");
        foreach (var type in new[] { "dragEnter", "dragOver", "drop" })
        {
            Cdp("Input.dispatchDragEvent", new()
            {
                ["type"] = type,
                ["x"] = spot[0].GetDouble(),
                ["y"] = spot[1].GetDouble(),
                ["data"] =
                    new Dictionary<string, object> { ["items"] = Array.Empty<object>(), ["files"] = paths, ["dragOperationsMask"] = 1 },
            });
        }
    }

    /// <summary>Runs a script and gives what it returns.</summary>
    public object? Run(string script, params object[] arguments) => _driver.ExecuteScript(script, arguments);

    /// <summary>Runs a script that calls its last argument when it is done.</summary>
    public object? RunAsync(string script, params object[] arguments)
    {
        _driver.Manage().Timeouts().AsynchronousJavaScript = WaitLimit;
        return _driver.ExecuteAsyncScript(script, arguments);
    }

    /// <summary>Runs a script that returns JSON text.</summary>
    public JsonElement Json(string script, params object[] arguments)
    {
        using var document = JsonDocument.Parse((string)Run(script, arguments)!);
        return document.RootElement.Clone();
    }

    public IWebElement Element(string selector) => _driver.FindElement(By.CssSelector(selector));

    public IReadOnlyList<IWebElement> Elements(string selector) => _driver.FindElements(By.CssSelector(selector));

    /// <summary>An element's text, or nothing when it is not there.</summary>
    public string Text(string selector) => (string)Run("return document.querySelector(arguments[0])?.innerText ?? ''", selector)!;

    public double Number(string script) => Convert.ToDouble(Run(script), CultureInfo.InvariantCulture);

    /// <summary>Polls until a script gives true; fails with what the page shows when it takes too long.</summary>
    public async Task WaitForAsync(string script, string what, params object[] arguments)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Run(script, arguments) is not true)
        {
            Assert.True(
                clock.Elapsed < WaitLimit, $"waited {WaitLimit.TotalSeconds} s for: "
                    + $"{what}\n{Run("return document.body.innerText")}\n{string.Join('\n', ConsoleErrors())}");
            await Task.Delay(30, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>What the console was told since this was asked last, as far as it is an error.</summary>
    public IReadOnlyList<string> ConsoleErrors() =>
        [.. _driver.Manage().Logs.GetLog(LogType.Browser).Where(entry => entry.Level >= LogLevel.Severe).Select(entry => entry.Message)];

    /// <summary>A picture of the whole page at its present width.</summary>
    public void Screenshot(string path, int width, int height)
    {
        var picture = (Dictionary<string, object>)Cdp("Page.captureScreenshot", new()
        {
            ["format"] = "png",
            ["captureBeyondViewport"] = false,
            ["clip"] = new Dictionary<string, object> { ["x"] = 0, ["y"] = 0, ["width"] = width, ["height"] = height, ["scale"] = 1 },
        })!;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, Convert.FromBase64String((string)picture["data"]));
    }

    public object? Cdp(string command, Dictionary<string, object?> parameters) => _driver.ExecuteCdpCommand(command, parameters);

    /// <summary>Gives it back.</summary>
    public void Dispose()
    {
        try
        {
            Forget();
            Idle.Add(this);
        }
        catch (WebDriverException)
        {
            End();
        }
    }

    /// <summary>A new tab in place of all others, whose emulations end with them; no storage, cookie, cache or log of theirs.</summary>
    private void Forget()
    {
        var old = _driver.WindowHandles;
        _driver.SwitchTo().NewWindow(WindowType.Tab);
        var tab = _driver.CurrentWindowHandle;
        foreach (var handle in old)
        {
            _driver.SwitchTo().Window(handle).Close();
        }

        _driver.SwitchTo().Window(tab);
        Cdp("Page.bringToFront", []);
        Cdp("Storage.clearDataForOrigin", new() { ["origin"] = "*", ["storageTypes"] = "all" });
        Cdp("Network.clearBrowserCookies", []);
        Cdp("Network.clearBrowserCache", []);
        ConsoleErrors();
    }

    private void End()
    {
        _driver.Dispose();
        _service.Dispose();
    }

    private static string? Find(params string[] names) =>
        (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
         from name in names
         let path = Path.Combine(folder, name)
         where File.Exists(path)
         select path).FirstOrDefault();
}
