using EndToEnd;

namespace Browser;

/// <summary>The page before a real gateway.</summary>
public sealed class PageTests
{
    [Fact]
    public async Task A_dropped_file_is_uploaded_with_progress_and_comes_back_identical()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        using var chromium = Chromium.Start(folder["downloads"]);
        var sha256 = await TestBytes.WriteFileAsync(folder["Über den <b>Regen.bin"], 1, 12_000_000);
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the event stream");
        chromium.Run("""
            window.seen = [];
            new MutationObserver(() => { const bar = document.querySelector('.upload progress'); if (bar) { seen.push(bar.value); } })
              .observe(document.getElementById('uploads'), { subtree: true, childList: true, attributes: true, characterData: true });
            """);
        chromium.Cdp("Network.enable", []);
        chromium.Cdp(
            "Network.emulateNetworkConditions",
            new() { ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = -1, ["uploadThroughput"] = 6_000_000 });

        chromium.DropFile("#drop", folder["Über den <b>Regen.bin"]);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 1", "the upload");
        chromium.Cdp(
            "Network.emulateNetworkConditions",
            new() { ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = -1, ["uploadThroughput"] = -1 });

        var values = chromium.Json("return JSON.stringify([...new Set(seen)].filter((value) => value > 0 && value < 1))").GetArrayLength();
        Assert.InRange(values, 3, int.MaxValue);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the resource");
        Assert.Contains("Über den <b>Regen.bin", chromium.Text(".resource"), StringComparison.Ordinal);
        Assert.Equal(0, chromium.Number("return document.querySelectorAll('.resource b').length"));

        chromium.Element(".resource [aria-label^='Download']").Click();
        var saved = folder["downloads"];
        await GatewayProcess.WaitUntilAsync(() => Task.FromResult(IsDownloaded(saved)), "the download");
        Assert.Equal(sha256, await TestBytes.HashFileAsync(Directory.GetFiles(saved, "*.bin")[0]));
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task An_id_that_is_chosen_is_the_one_that_is_used_and_the_resource_can_be_deleted()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await File.WriteAllTextAsync(folder["note.txt"], "rain", TestContext.Current.CancellationToken);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);

        chromium.Run("document.querySelector('.drop-options').open = true");
        chromium.Element("#upload-id").SendKeys("0xFFFFFFFFFFFFFFFF");
        chromium.Element("#upload-code").SendKeys("lt");
        chromium.Element("#file-input").SendKeys(folder["note.txt"]);
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.upload.done').length === 1 && document.querySelectorAll('.resource').length === 1",
            "the upload");

        var summary = (await gateway.GetJsonAsync("/resources")).GetProperty("items")[0];
        Assert.Equal("18446744073709551615", summary.GetProperty("id").GetString());
        Assert.Equal("lt", summary.GetProperty("code").GetString());
        Assert.Equal("note.txt", summary.GetProperty("fileName").GetString());
        Assert.StartsWith("text/plain", summary.GetProperty("contentType").GetString(), StringComparison.Ordinal);

        chromium.Element(".resource-name").Click();
        Assert.Contains(
            $"curl -o note.txt {gateway.Url}/resources/18446744073709551615", chromium.Text(".resource-details"), StringComparison.Ordinal);
        chromium.Press(".resource-details", "Copy a link for a day");
        await chromium.WaitForAsync("return document.querySelector('.notice.good')?.innerText.includes('/s/') ?? false", "the link");
        var link = chromium.Text(".notice.good").Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal));
        Assert.Equal("rain", (await Tool.CurlAsync("-f", link)).Succeeded());
        chromium.Element(".resource [aria-label^='Delete']").Click();
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 0", "the deletion");
        Assert.Equal(0, (await gateway.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task The_rain_moves_while_three_servers_rain_and_is_explained_at_the_end()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"], "Rain:MaxRateBytesPerSecond=2000000");
        await TestBytes.WriteFileAsync(folder["in"], 2, 24_000_000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/resources/7")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the resource");

        chromium.Element("[aria-label^='Let']").Click();
        await chromium.WaitForAsync("return Number(document.querySelector('.transfer')?.dataset.servers) >= 3", "rain from three servers");
        await chromium.WaitForAsync(
            "return document.querySelectorAll('#subscribers tbody tr').length === 3", "a subscription at each of the three servers");
        var verified = new SortedSet<double>();
        var pictures = new HashSet<string>();
        while (chromium.Text(".transfer .chip") == "raining")
        {
            verified.Add(chromium.Number("return document.querySelector('.transfer').dataset.verified"));
            pictures.Add((string)chromium.Run(
                "return ['.sky .field', '.sky .air', '.stream canvas'].map((name) => document.querySelector(name).toDataURL()).join()")!);
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.InRange(verified.Count, 4, int.MaxValue);
        Assert.InRange(pictures.Count, 10, int.MaxValue);
        Assert.Equal("completed", chromium.Text(".transfer .chip"));
        Assert.Contains("3 servers", chromium.Text(".explain"), StringComparison.Ordinal);
        Assert.Equal(3, chromium.Elements(".transfer .sources tbody tr").Count);
        Assert.All(chromium.Elements(".transfer .sources .state"), state => Assert.Equal("done", state.Text));
        var transfer = await gateway.GetTransferAsync("7");
        Assert.Matches(
            @"^The servers sent as fast as they may: (127\.0\.0\.1:\d+ \d+\.\d MB/s, ){2}127\.0\.0\.1:\d+ \d+\.\d MB/s\.$",
            transfer.GetProperty("verdict").GetString());
        var map = transfer.GetProperty("blockMap").EnumerateArray().Select(run => run.GetInt32()).ToArray();
        Assert.Equal([0, transfer.GetProperty("blocks").GetInt32()], map);
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task When_all_servers_die_the_page_says_so_in_words()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(6);
        await using var far = await GatewayProcess.StartAsync(
            folder["far"], ports[0], ports[1..4], [], "Rain:MaxRateBytesPerSecond=1000000");
        await using var near = await GatewayProcess.StartAsync(folder["near"], ports[4], [ports[5]], ports[1..4], "Rain:StallSeconds=2");
        await TestBytes.WriteFileAsync(folder["in"], 3, 60_000_000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{far.Url}/resources/8")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(near.Url);

        chromium.Element("#search").SendKeys("8");
        await AskElsewhereAsync(chromium, "8", ".button:not(.primary)");
        await chromium.WaitForAsync(
            "return Number(document.querySelector('.transfer')?.dataset.verified) >= 2 && "
            + "document.querySelector('.transfer').dataset.servers === '3'", "rain from three servers");
        await far.KillAsync();
        await chromium.WaitForAsync("return document.querySelectorAll('.notice.bad').length > 0", "an error");

        Assert.Contains("The servers fell silent", chromium.Text(".notice.bad"), StringComparison.Ordinal);
        await chromium.WaitForAsync(
            "return document.querySelector('.transfer .explain')?.innerText.includes('fell silent')", "the explanation");
        Assert.Empty(chromium.ConsoleErrors());

        // Another one, of which nobody answers: a problem document with the servers asked.
        chromium.Run("document.getElementById('notices').replaceChildren(); const s = document.getElementById('search'); s.value = '9'; "
            + "s.dispatchEvent(new Event('input'))");
        await AskElsewhereAsync(chromium, "9", ".primary");
        await chromium.WaitForAsync("return document.querySelectorAll('.notice.bad tbody tr').length === 3", "the servers asked");
        Assert.Single(chromium.Elements(".notice.bad"));
        Assert.All(ports[1..4], port => Assert.Contains($"127.0.0.1:{port}", chromium.Text(".notice.bad"), StringComparison.Ordinal));

        // They were heard in the fetch before, and this one has measured nothing.
        Assert.All(
            chromium.Elements(".notice.bad tbody td:last-child"), cell => Assert.Matches("^(now|\\d+ s ago|\\d+ min ago)$", cell.Text));
        Assert.All(chromium.Elements(".notice.bad tbody td[data-column='Round trip']"), cell => Assert.Equal("–", cell.Text));
    }

    [Fact]
    public async Task What_nobody_has_is_told_with_the_servers_that_were_asked()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(6);
        await using var far = await GatewayProcess.StartAsync(folder["far"], ports[0], ports[1..4], []);
        await using var near = await GatewayProcess.StartAsync(folder["near"], ports[4], [ports[5]], ports[1..4]);
        using var chromium = Chromium.Start();
        chromium.Open(near.Url);

        chromium.Element("#search").SendKeys("9");
        await AskElsewhereAsync(chromium, "9", ".button:not(.primary)");
        await chromium.WaitForAsync("return document.querySelectorAll('.notice.bad').length === 1", "the answer");

        var said = chromium.Text(".notice.bad");
        Assert.Contains("Resource 9 did not rain", said, StringComparison.Ordinal);
        Assert.Contains("Every server that was asked said that it has no such resource", said, StringComparison.Ordinal);
        Assert.All(ports[1..4], port => Assert.Contains($"127.0.0.1:{port}", said, StringComparison.Ordinal));

        // A node that knows nobody but itself has nobody to ask.
        chromium.Open(far.Url);
        chromium.Element("#search").SendKeys("9");
        await AskElsewhereAsync(chromium, "9", ".button:not(.primary)");
        await chromium.WaitForAsync(
            "return document.querySelector('.notice.bad')?.innerText.includes('there is no other server to ask')",
            "the answer of a node that is alone");
    }

    [Fact]
    public async Task Replication_says_who_holds_it_and_that_there_is_nobody_else()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);
        await using var far = await GatewayProcess.StartAsync(folder["far"], ports[0], [ports[1]], [ports[3]]);
        await using var near = await GatewayProcess.StartAsync(folder["near"], ports[2], [ports[3]], [ports[3]]);
        await TestBytes.WriteFileAsync(folder["in"], 5, 100_000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{near.Url}/resources/5")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(near.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the resource");
        chromium.Element(".resource-name").Click();

        chromium.Press(".resource-details", "Replicate");
        await chromium.WaitForAsync(
            "return document.getElementById('notices').innerText.includes('There is no other node to send Resource 5 to')",
            "that it is alone");
        chromium.Go("cluster");
        chromium.Element("#server-address").SendKeys($"127.0.0.1:{ports[1]}\n");
        await chromium.WaitForAsync("return document.querySelectorAll('#servers tbody tr').length === 2", "the other node");
        chromium.Go("files");
        chromium.Press(".resource-details", "Replicate");
        await chromium.WaitForAsync(
            "return document.getElementById('notices').innerText.includes('2 nodes hold it, this one among them.')", "the copy");

        Assert.Equal(1, (await far.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task A_deleted_resource_is_told_as_deleted()
    {
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(4);
        await using var far = await GatewayProcess.StartAsync(folder["far"], ports[0], [ports[1]], []);
        await using var near = await GatewayProcess.StartAsync(folder["near"], ports[2], [ports[3]], [ports[1]]);
        await TestBytes.WriteFileAsync(folder["in"], 5, 1000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{far.Url}/resources/5")).Succeeded();
        (await Tool.CurlAsync("-f", "-X", "DELETE", $"{far.Url}/resources/5")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(near.Url);

        chromium.Element("#search").SendKeys("5");
        await AskElsewhereAsync(chromium, "5", ".button:not(.primary)");
        await chromium.WaitForAsync(
            "return document.querySelector('.transfer .explain')?.innerText.includes('It was deleted')", "the explanation");

        Assert.Equal("deleted", chromium.Text(".transfer .chip"));
        Assert.Equal("deleted", (await near.GetTransferAsync("5")).GetProperty("state").GetString());
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task With_reads_protected_upload_and_download_work_by_key()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(
            folder["node"], "Gateway:Keys=rain-or-shine-0123456789", "Gateway:ProtectReads=true");
        var sha256 = await TestBytes.WriteFileAsync(folder["in.bin"], 4, 3_000_000);
        using var chromium = Chromium.Start(folder["downloads"]);
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('key-dialog').open", "the question");
        chromium.Element("#key-input").SendKeys("rain-or-shine-0123456789\n");
        await chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the event stream");

        chromium.DropFile("#drop", folder["in.bin"]);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the upload");
        chromium.Element(".resource [aria-label^='Download']").Click();

        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(IsDownloaded(folder["downloads"])), "the download");
        Assert.Equal(sha256, await TestBytes.HashFileAsync(Directory.GetFiles(folder["downloads"], "*.bin")[0]));
        Assert.Contains("reads and writes need a key", gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_reads_protected_a_declined_key_can_be_entered_later_and_links_and_lines_work_with_it()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(
            folder["node"], "Gateway:Keys=rain-or-shine-0123456789", "Gateway:ProtectReads=true");
        await File.WriteAllTextAsync(folder["in.txt"], "rain", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync(
            "-f", "-H", "Authorization: Bearer rain-or-shine-0123456789", "-T", folder["in.txt"], $"{gateway.Url}/resources/5"))
            .Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('key-dialog').open", "the question");
        chromium.Element("#key-dialog [value=cancel]").Click();
        await chromium.WaitForAsync(
            "return !document.getElementById('link-banner').hidden && !document.getElementById('link-key').hidden", "the way to enter it");
        Assert.Contains("This gateway shows nothing without a key", chromium.Text("#link-banner"), StringComparison.Ordinal);
        Assert.Equal("The sky is seen with a key", chromium.Text("#weather"));
        AccessibilityTests.Check(chromium, "without the key");

        chromium.Element("#link-key").Click();
        chromium.Element("#key-input").SendKeys("rain-or-shine-0123456789\n");
        await chromium.WaitForAsync(
            "return document.getElementById('link-text').textContent === 'Live' && document.getElementById('link-banner').hidden && "
            + "document.querySelectorAll('.resource').length === 1", "the page");

        // Also after a reload, when no call of this page was ever refused.
        chromium.Driver.Navigate().Refresh();
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the page again");
        chromium.Element(".resource-name").Click();
        var line = chromium.Text(".command code");
        Assert.Contains("KEY=(the key)", chromium.Text(".resource-details"), StringComparison.Ordinal);
        var printed = await Tool.RunAsync(
            "bash", "-c", $"KEY=rain-or-shine-0123456789; {line.Replace("-o 5", "-s", StringComparison.Ordinal)}");
        Assert.Equal("rain", printed.Output);

        chromium.Element(".resource-details a.button").Click();
        await chromium.WaitForAsync(
            "return document.getElementById('document').open && document.getElementById('document-text').innerText.includes('\"id\"')",
            "the manifest");
        AccessibilityTests.Check(chromium, "with a manifest");
        chromium.Element("#document [value=close]").Click();
        chromium.Element("#metrics-link").Click();
        await chromium.WaitForAsync(
            "return document.getElementById('document').open && document.getElementById('document-text').innerText.includes('# TYPE')",
            "the metrics");
    }

    [Fact]
    public async Task Servers_are_added_and_removed()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('#servers tbody tr').length === 3", "three servers");

        chromium.Go("cluster");
        chromium.Element("#server-address").SendKeys("192.0.2.1:1980\n");
        await chromium.WaitForAsync("return document.querySelectorAll('#servers tbody tr').length === 4", "a fourth");
        Assert.Contains("until this gateway ends", chromium.Text("#server-hint"), StringComparison.Ordinal);
        chromium.Element("[aria-label='Remove 192.0.2.1:1980']").Click();
        Assert.Contains(
            "192.0.2.1:1980 is asked no more. It was added by hand, and does not come back by itself.", chromium.Text("#confirm"),
            StringComparison.Ordinal);
        AccessibilityTests.Check(chromium, "with the question about a server");
        chromium.Element("#confirm [value=no]").Click();
        Assert.Equal(4, (await gateway.GetJsonAsync("/servers")).GetProperty("items").GetArrayLength());
        chromium.Element("[aria-label='Remove 192.0.2.1:1980']").Click();
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('#servers tbody tr').length === 3", "three again");

        chromium.Element("#server-address").SendKeys("nowhere\n");
        Assert.Contains(
            "Host and port", (string)chromium.Run("return document.getElementById('server-address').validationMessage")!,
            StringComparison.Ordinal);
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task The_page_comes_back_to_life_after_the_gateway_was_started_again()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the event stream");

        await chromium.WaitForAsync("return document.querySelectorAll('#servers tbody tr').length === 3", "the servers");

        await gateway.KillAsync();
        await chromium.WaitForAsync("return !document.getElementById('link-banner').hidden", "the banner");
        Assert.Contains("The gateway does not answer", chromium.Text("#link-banner"), StringComparison.Ordinal);
        Assert.Matches("^The sky is out of sight since \\d\\d:\\d\\d:\\d\\d$", chromium.Text("#weather"));
        Assert.Matches("as of \\d\\d:\\d\\d:\\d\\d$", chromium.Text("#servers-note"));
        Assert.Equal("No answer", chromium.Text("#link-text"));
        Assert.Equal("grayscale(1)", chromium.Run("return getComputedStyle(document.querySelector('.tables')).filter"));
        AccessibilityTests.Check(chromium, "with the gateway gone");

        await gateway.StartAgainAsync();
        await chromium.WaitForAsync(
            "return document.getElementById('link-text').textContent === 'Live' && document.getElementById('link-banner').hidden",
            "the event stream again");
        await chromium.WaitForAsync(
            "return document.getElementById('weather').textContent.startsWith('Clear sky') && "
            + "!document.getElementById('servers-note').textContent.includes('as of')", "figures of now");
    }

    [Fact]
    public async Task A_gateway_that_hangs_is_told_as_one_that_does_not_answer()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"], "Rain:MaxRateBytesPerSecond=1000000");
        await TestBytes.WriteFileAsync(folder["in"], 2, 60_000_000);
        (await Tool.CurlAsync("-f", "-T", folder["in"], $"{gateway.Url}/resources/7")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.resource').length === 1 && document.getElementById('link-text').textContent === 'Live'",
            "the resource");
        chromium.Element("[aria-label^='Let']").Click();
        await chromium.WaitForAsync("return Number(document.querySelector('.transfer')?.dataset.servers) >= 1", "rain");

        (await Tool.RunAsync("kill", "-STOP", $"{gateway.Process.Id}")).Succeeded();
        await chromium.WaitForAsync("return !document.getElementById('link-banner').hidden && document.querySelector('.transfer "
            + ".chip').textContent === 'not heard of'", "the banner");
        Assert.Equal("–", chromium.Text(".transfer .gauges div:nth-child(2) dd"));
        Assert.StartsWith(
            "As of ", (string)chromium.Run("return document.querySelector('.transfer .verdict')?.textContent ?? ''")!,
            StringComparison.Ordinal);
        AccessibilityTests.Check(chromium, "with a gateway that hangs");
        (await Tool.RunAsync("kill", "-CONT", $"{gateway.Process.Id}")).Succeeded();

        await chromium.WaitForAsync("return document.getElementById('link-banner').hidden", "the gateway again");
    }

    [Fact]
    public async Task What_cannot_be_seen_in_a_name_is_shown_as_a_mark()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await File.WriteAllTextAsync(folder["in"], "rain", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync(
            "-f", "-H", "Content-Disposition: attachment; filename*=UTF-8''report%E2%80%AEfdp.exe", "-T", folder["in"],
            $"{gateway.Url}/resources/5"))
            .Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the resource");

        Assert.Equal("report⟨U+202E⟩fdp.exe", chromium.Text(".resource-name"));
        Assert.Equal("isolate", chromium.Run("return getComputedStyle(document.querySelector('.resource-name bdi')).unicodeBidi"));
        chromium.Element(".resource-name").Click();
        chromium.Element(".resource [aria-label^='Let']").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.transfer.ended').length === 1", "the rain");
        chromium.Go("files");
        chromium.Element(".resource [aria-label^='Delete']").Click();
        Assert.Contains("“report⟨U+202E⟩fdp.exe”", chromium.Text("#confirm"), StringComparison.Ordinal);
        Assert.Equal(0, chromium.Number("""
            const values = [...document.querySelectorAll('*')].flatMap((e) => [...e.attributes].map((a) => a.value));
            const all = values.concat(document.body.textContent);
            return all.filter((text) => text.includes('\u202e')).length;
            """));

        chromium.Open($"{gateway.Url}/problems/%E2%80%AEfdp.exe");
        Assert.Contains("⟨U+202E⟩fdp.exe", chromium.Text("body"), StringComparison.Ordinal);
        Assert.DoesNotContain("\u202e", chromium.Text("body"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_was_uploaded_runs_nothing_and_reads_nothing()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(
            folder["node"], "Serilog:MinimumLevel:Override:Gateway.Requests=Debug");
        await File.WriteAllTextAsync(folder["evil.html"], """
            <!doctype html><title>as uploaded</title><p id="text">as uploaded</p>
            <img src="/servers"><iframe src="/subscribers"></iframe><link rel="stylesheet" href="/transfers">
            <script>
              document.title = 'it ran';
              fetch('/resources').then((answer) => answer.text()).then((text) => { document.getElementById('text').textContent = text; });
            </script>
            """, TestContext.Current.CancellationToken);
        (await Tool.CurlAsync("-f", "-H", "Content-Type: text/html", "-T", folder["evil.html"], $"{gateway.Url}/resources/66")).Succeeded();
        using var chromium = Chromium.Start();

        chromium.Open($"{gateway.Url}/resources/66");
        Assert.Equal("as uploaded", chromium.Driver.Title);
        Assert.Equal("as uploaded", chromium.Element("#text").Text);
        foreach (var path in new[] { "/servers", "/subscribers", "/transfers", "/resources " })
        {
            Assert.DoesNotContain($"GET {path}", gateway.Log, StringComparison.Ordinal);
        }

        // The log does tell of such requests: the page itself makes them.
        chromium.Open(gateway.Url);
        await GatewayProcess.WaitUntilAsync(
            () => Task.FromResult(gateway.Log.Contains("GET /servers", StringComparison.Ordinal)), "the page's own requests in the log");
    }

    /// <summary>Presses a button of what is said of an id that is not kept here, which is said when the list has come.</summary>
    private static async Task AskElsewhereAsync(Chromium chromium, string id, string button)
    {
        await chromium.WaitForAsync(
            "const box = document.getElementById('elsewhere'); return box.dataset.id === arguments[0] && !box.hidden",
            $"what is said of {id}", id);
        chromium.Element($"#elsewhere {button}").Click();
    }

    /// <summary>Whether one download has ended: an empty file of its name, and another that grows, come first.</summary>
    private static bool IsDownloaded(string folder) =>
        Directory.GetFiles(folder) is [var path] && path.EndsWith(".bin", StringComparison.Ordinal) && new FileInfo(path).Length > 0;
}
