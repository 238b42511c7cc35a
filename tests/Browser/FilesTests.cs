using EndToEnd;
using OpenQA.Selenium;
using OpenQA.Selenium.Interactions;

namespace Browser;

/// <summary>The table of files: folders, orders, search, several at once, names, previews.</summary>
public sealed class FilesTests
{
    [Fact]
    public async Task A_hundred_thousand_are_scrolled_and_a_windowful_of_them_is_there()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.MadeCount = 100_000;
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelector('.resource-name')?.innerText === 'file-1.txt'", "the newest");
        Assert.Equal("100001", chromium.Element("#files").GetAttribute("aria-rowcount"));
        Assert.Contains("100,000 kept here", chromium.Text("#files-note"), StringComparison.Ordinal);
        Assert.InRange(gateway.ListCount, 1, 3);

        chromium.Run("const s = document.getElementById('files-scroller'); s.scrollTop = s.scrollHeight");
        await chromium.WaitForAsync(
            "return [...document.querySelectorAll('.resource-name')].some((one) => one.innerText === 'file-100000.txt')", "the oldest");
        Assert.InRange(chromium.Elements(".file-row").Count, 10, 80);
        Assert.Equal(
            "100001", chromium.Run("return [...document.querySelectorAll('.resource')].at(-1).getAttribute('aria-rowindex')"));

        // Whoever looks at so many is not moved when something changes.
        var top = chromium.Number("return document.getElementById('files-scroller').scrollTop");
        gateway.MadeCount++;
        await chromium.WaitForAsync("return !document.getElementById('files-reload').hidden", "that it is said");
        Assert.Equal(top, chromium.Number("return document.getElementById('files-scroller').scrollTop"));
        chromium.Element(".column[data-sort=length]").Click();
        await chromium.WaitForAsync(
            "return document.querySelector('.resource-name')?.innerText === 'file-100001.txt'", "the largest first");
        Assert.Equal("descending", chromium.Run("return document.querySelector('.column[data-sort=length]').parentElement.ariaSort"));
        Assert.Equal("length desc", chromium.Element("#sort").GetAttribute("value"));
        Assert.Empty(chromium.ConsoleErrors());
    }

    /// <summary>On demand, for it measures: the time between two frames while 100,000 rows are scrolled by 9,000 pixels a second.</summary>
    [Fact(Explicit = true)]
    public async Task Frames_follow_each_other_while_a_hundred_thousand_are_scrolled()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.MadeCount = 100_000;
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length > 5", "the files");
        chromium.Run("const s = document.getElementById('files-scroller'); s.scrollTop = s.scrollHeight");
        await chromium.WaitForAsync(
            "return [...document.querySelectorAll('.resource-name')].some((one) => one.innerText === 'file-100000.txt')", "all of them");
        chromium.Cdp("Performance.enable", []);
        var before = Spent(chromium);
        var measured = (string)chromium.RunAsync("""
            const done = arguments[0];
            const scroller = document.getElementById('files-scroller');
            const gaps = [], work = [];
            let last = performance.now(), step = 0;
            new PerformanceObserver((list) => work.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
            const turn = (now) => {
              gaps.push(now - last);
              last = now;
              scroller.scrollTop = 1_000_000 + step * 150;
              if (++step < 300) { requestAnimationFrame(turn); } else {
                gaps.sort((a, b) => a - b);
                done(`median ${gaps[150].toFixed(1)} ms, 95 of 100 within ${gaps[285].toFixed(1)} ms, long tasks ${work.length}`);
              }
            };
            requestAnimationFrame(turn);
            """)!;
        var spent = Spent(chromium).Zip(before, (after, first) => FormattableString.Invariant($"{(after - first) / 300 * 1000:F2}"));
        measured += $"; ms a frame of script, style, layout: {string.Join(", ", spent)}";
        TestContext.Current.TestOutputHelper!.WriteLine(measured);
        Assert.Contains("median 16.", measured, StringComparison.Ordinal);
    }

    /// <summary>Seconds that the tab has spent on script, style and layout.</summary>
    private static double[] Spent(Chromium chromium)
    {
        var metrics = ((Dictionary<string, object>)chromium.Cdp("Performance.getMetrics", [])!)["metrics"];
        return [.. ((IEnumerable<object>)metrics).Cast<Dictionary<string, object>>()
            .Where(one => one["name"] is "ScriptDuration" or "RecalcStyleDuration" or "LayoutDuration")
            .OrderByDescending(one => (string)one["name"])
            .Select(one => Convert.ToDouble(one["value"], System.Globalization.CultureInfo.InvariantCulture))];
    }

    [Fact]
    public async Task Folders_are_gone_into_and_a_search_over_all_has_names_first()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        foreach (var path in new[] { "top.txt", "docs/a.txt", "docs/deep/b.md", "docs/deep/c.png" })
        {
            await PutAsync(gateway, folder, path, path);
        }

        (await Tool.CurlAsync(
            "-f", "-H", "Content-Type: text/docs-of-old", "-T", folder["top.txt"], $"{gateway.Url}/resources/5")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await NamesAsync(chromium, "Resource 5", "c.png", "b.md", "a.txt", "top.txt");

        chromium.Element("#show-folders").Click();
        await NamesAsync(chromium, "docs", "top.txt");
        chromium.Element(".resource-name").Click();
        await NamesAsync(chromium, "deep", "a.txt");
        chromium.Element(".resource-name").Click();
        await NamesAsync(chromium, "c.png", "b.md");
        Assert.Equal("All folders/docs/deep", chromium.Text("#crumbs").Replace("\n", "/", StringComparison.Ordinal));
        Assert.EndsWith("#/files/folders/docs/deep/", chromium.Driver.Url, StringComparison.Ordinal);
        chromium.Element(".column[data-sort=name]").Click();
        await NamesAsync(chromium, "b.md", "c.png");
        chromium.Driver.Navigate().Back();
        await NamesAsync(chromium, "deep", "a.txt");
        chromium.Element(".crumb").Click();
        await NamesAsync(chromium, "docs", "top.txt");

        // Over all, wherever one is; what has the word in its type alone comes last.
        chromium.Element("#search").SendKeys("docs");
        await NamesAsync(chromium, "a.txt", "b.md", "c.png", "Resource 5");
        chromium.Element("#search").Clear();
        chromium.Element("#search").SendKeys(Keys.Space + Keys.Backspace);
        await NamesAsync(chromium, "docs", "top.txt");

        // A drop goes into the folder that is shown.
        chromium.Element(".resource-name").Click();
        await NamesAsync(chromium, "deep", "a.txt");
        await File.WriteAllTextAsync(folder["dropped.txt"], "dropped", TestContext.Current.CancellationToken);
        chromium.DropFile("#files", folder["dropped.txt"]);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 1", "the upload");
        Assert.Equal("dropped", (await Tool.CurlAsync("-f", $"{gateway.Url}/files/docs/dropped.txt")).Succeeded());
        await NamesAsync(chromium, "deep", "a.txt", "dropped.txt");
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task Several_are_selected_by_a_range_and_deleted_at_once_and_those_that_changed_are_not()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        for (var i = 1; i <= 6; i++)
        {
            await PutAsync(gateway, folder, $"f{i}.txt", $"bytes {i}");
        }

        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await NamesAsync(chromium, "f6.txt", "f5.txt", "f4.txt", "f3.txt", "f2.txt", "f1.txt");
        var boxes = chromium.Elements(".resource input");
        boxes[1].Click();
        new Actions(chromium.Driver).KeyDown(Keys.Shift).Click(boxes[4]).KeyUp(Keys.Shift).Perform();
        Assert.Equal("4 selected, 28 B", chromium.Text("#selection-note").Replace('\u00a0', ' '));
        await PutAsync(gateway, folder, "f3.txt", "other bytes");

        chromium.Press("#selection", "Delete");
        Assert.Contains(
            "4 files, “f5.txt”, “f4.txt”, “f3.txt” and others, are forgotten here", chromium.Text("#confirm"), StringComparison.Ordinal);
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync(
            "return document.getElementById('notices').innerText.includes('1 of 4 were not deleted')", "that one was not");
        Assert.Contains("f3.txt was not deleted", chromium.Text("#notices"), StringComparison.Ordinal);
        await NamesAsync(chromium, "f3.txt", "f6.txt", "f1.txt");

        // What has another version now is not what was selected.
        Assert.False(chromium.Element("#selection").Displayed);
        Assert.Equal(3, (await gateway.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        chromium.Element(".resource input").Click();
        Assert.True(chromium.Element("#selection").Displayed);
        new Actions(chromium.Driver).SendKeys(Keys.Escape).Perform();
        await chromium.WaitForAsync("return document.getElementById('selection').hidden", "nothing to be selected");
    }

    [Fact]
    public async Task What_was_replaced_since_its_folder_was_shown_is_not_deleted()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await PutAsync(gateway, folder, "100% ä/a.txt", "first");
        await PutAsync(gateway, folder, "100% ä/b.txt", "second");
        using var chromium = Chromium.Start();
        chromium.Open($"{gateway.Url}/#/files/folders/");
        await NamesAsync(chromium, "100% ä");
        chromium.Element(".resource-name").Click();
        await NamesAsync(chromium, "b.txt", "a.txt");
        chromium.Element(".resource:nth-child(2) [aria-label^='Delete']").Click();
        await PutAsync(gateway, folder, "100% ä/a.txt", "the other");
        chromium.Element("#confirm [value=yes]").Click();
        await chromium.WaitForAsync(
            "return document.querySelector('.notice.bad')?.innerText.includes('has been replaced since') ?? false", "the refusal");
        Assert.Equal("the other", (await Tool.CurlAsync("-f", $"{gateway.Url}/files/100%25%20%C3%A4/a.txt")).Succeeded());

        await NamesAsync(chromium, "a.txt", "b.txt");
        chromium.Element(".resource:nth-child(2) [aria-label^='Delete']").Click();
        chromium.Element("#confirm [value=yes]").Click();
        await NamesAsync(chromium, "a.txt");
        Assert.Equal("a.txt", chromium.Run("return document.activeElement.innerText"));

        // The list has told which version that is.
        Assert.Contains(" DELETE /files/", gateway.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("HEAD /files/", gateway.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_is_renamed_and_copied_and_no_name_is_taken_from_another()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await PutAsync(gateway, folder, "docs/a.txt", "the bytes of a");
        await PutAsync(gateway, folder, "taken.txt", "others");
        using var chromium = Chromium.Start();
        chromium.Open($"{gateway.Url}/#/files/folders/docs/");
        await NamesAsync(chromium, "a.txt");
        chromium.Element(".resource-name").Click();
        const string place = "return JSON.stringify(document.getElementById('files').getBoundingClientRect())";
        var before = chromium.Run(place);
        await RenameAsync(chromium, "taken.txt", "move");
        await chromium.WaitForAsync(
            "return document.querySelector('.notice.bad')?.innerText.includes('There is a file of the name “taken.txt” already') ?? false",
            "the refusal");

        // What is told moves nothing.
        Assert.Equal(before, chromium.Run(place));
        await RenameAsync(chromium, "docs/copy of a.txt", "copy");
        await NamesAsync(chromium, "copy of a.txt", "a.txt");
        await RenameAsync(chromium, "other/b.txt", "move");
        await NamesAsync(chromium, "copy of a.txt");

        Assert.Equal("the bytes of a", (await Tool.CurlAsync("-f", $"{gateway.Url}/files/docs/copy%20of%20a.txt")).Succeeded());
        Assert.Equal("the bytes of a", (await Tool.CurlAsync("-f", $"{gateway.Url}/files/other/b.txt")).Succeeded());
        Assert.Equal("others", (await Tool.CurlAsync("-f", $"{gateway.Url}/files/taken.txt")).Succeeded());
        Assert.NotEqual(0, (await Tool.CurlAsync("-f", $"{gateway.Url}/files/docs/a.txt")).ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Text_pictures_films_and_papers_are_looked_at(bool isProtected)
    {
        using var folder = new TestFolder();
        string[] keys = isProtected ? ["Gateway:Keys=rain-or-shine-0123456789", "Gateway:ProtectReads=true"] : [];
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"], keys);
        await PutAsync(gateway, folder, "notes.html", "<script>document.title = 'it ran'</script>\nsecond line");
        await PutAsync(
            gateway, folder, "dot.svg",
            "<svg xmlns='http://www.w3.org/2000/svg'><script>parent.document.title = 'it ran'</script></svg>");
        await PutAsync(
            gateway, folder, "paper.pdf",
            "%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
                + "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>");
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        if (isProtected)
        {
            await chromium.WaitForAsync("return document.getElementById('key-dialog').open", "the question");
            chromium.Element("#key-input").SendKeys("rain-or-shine-0123456789\n");
        }

        await NamesAsync(chromium, "paper.pdf", "dot.svg", "notes.html");
        foreach (var (row, kind) in new[] { (1, "pdf"), (2, "image"), (3, "text") })
        {
            chromium.Element($".resource:nth-child({row}) .resource-name").Click();
            chromium.Press(".resource-details", "Preview");
            await chromium.WaitForAsync(
                "return document.getElementById('preview').open && document.getElementById('preview-body').childElementCount === 1", kind);
            Assert.Equal(kind, chromium.Element("#preview-body").GetAttribute("data-kind"));
            if (kind == "text")
            {
                Assert.Contains("document.title = 'it ran'</script>\nsecond line", chromium.Text("#preview pre"), StringComparison.Ordinal);
            }
            else
            {
                var address = chromium.Element($"#preview {(kind == "image" ? "img" : "iframe")}").GetAttribute("src")!;
                Assert.Contains(isProtected ? "/s/" : "/files/", address, StringComparison.Ordinal);
                Assert.Equal("200", (await Tool.CurlAsync("-o", "/dev/null", "-w", "%{http_code}", address)).Output);
                if (kind == "image")
                {
                    await chromium.WaitForAsync("return document.querySelector('#preview img').naturalWidth > 0", "the picture");
                }
            }

            AccessibilityTests.Check(chromium, $"with a preview of {kind}");
            chromium.Element("#preview [value=close]").Click();
            await chromium.WaitForAsync("return document.getElementById('preview-body').childElementCount === 0", "the end of it");
            chromium.Element("#details-close").Click();
        }

        // Links that showed what is protected ended with it.
        var links = await Tool.CurlAsync("-f", "-H", "Authorization: Bearer rain-or-shine-0123456789", $"{gateway.Url}/links");
        Assert.Contains("\"items\":[]", links.Succeeded(), StringComparison.Ordinal);
        Assert.Equal("Pouring Rain", chromium.Driver.Title);
        Assert.DoesNotContain(chromium.ConsoleErrors(), error => !error.Contains("401", StringComparison.Ordinal));
    }

    private static async Task RenameAsync(Chromium chromium, string name, string verb)
    {
        chromium.Press(".resource-details", "Rename or copy");
        chromium.Element("#rename-input").Clear();
        chromium.Element("#rename-input").SendKeys(name);
        chromium.Element($"#rename [value={verb}]").Click();
        await chromium.WaitForAsync("return !document.getElementById('rename').open", "the dialog's end");
    }

    /// <summary>Waits until the table has these, in this order.</summary>
    private static Task NamesAsync(Chromium chromium, params string[] names) => chromium.WaitForAsync(
        "return [...document.querySelectorAll('.resource')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex)"
            + ".map((row) => row.querySelector('bdi').innerText).join('|') === arguments[0]",
        string.Join(", ", names), string.Join('|', names));

    private static async Task PutAsync(GatewayProcess gateway, TestFolder folder, string path, string text)
    {
        var file = folder[Path.GetFileName(path)];
        await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        var address = Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal);
        (await Tool.CurlAsync(
            "-f", "-H", "Authorization: Bearer rain-or-shine-0123456789", "-T", file, $"{gateway.Url}/files/{address}")).Succeeded();

        // Of what is made within one millisecond none is the newer one.
        await Task.Delay(2, TestContext.Current.CancellationToken);
    }
}
