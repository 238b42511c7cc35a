using EndToEnd;

namespace Browser;

/// <summary>Several files at a time, ids that are taken, and files that cannot be read: what the page says is what happens.</summary>
public sealed class UploadListTests
{
    [Fact]
    public async Task Each_of_many_files_is_sent_once_also_empty_ones_and_one_that_is_dropped_twice()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        string[] names = [.. Enumerable.Range(0, 7).Select(index => folder[$"part-{index}.bin"])];
        for (var index = 0; index < names.Length; index++)
        {
            await TestBytes.WriteFileAsync(names[index], (ulong)index, index == 3 ? 0 : 400_000);
        }

        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await LiveAsync(chromium);
        Throttle(chromium, 400_000);
        chromium.DropFile("#drop", names[..4]);
        chromium.DropFile("#drop", names[3..]);
        chromium.DropFile("#drop", names[0]);
        await chromium.WaitForAsync(
            "return document.getElementById('notices').innerText.includes('On the list already')", "the last drop to be taken");
        Assert.Equal(7, chromium.Elements(".upload").Count);
        Throttle(chromium, -1);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 7", "the uploads");

        Assert.Equal(7, (await gateway.GetJsonAsync("/resources")).GetProperty("items").GetArrayLength());
        Assert.Equal(7, gateway.Log.Split("PUT /files/part-").Length - 1);
        Assert.Equal(7, gateway.Log.Split("PATCH /uploads").Length - 1);
        Assert.Equal("{}", chromium.Run("return localStorage.getItem('pouring-rain-uploads')"));

        // That a name is free was asked of the rain, which nobody needs to hear.
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 7", "the list");
        Assert.NotEmpty((await gateway.GetJsonAsync("/transfers")).GetProperty("items").EnumerateArray());
        Assert.Empty(chromium.Elements(".notice.bad"));
        Assert.Empty(chromium.Elements("#past li, .transfer"));
        Assert.False(chromium.Element("#strip").Displayed);
        Assert.Null(chromium.Run("return localStorage.getItem('pouring-rain-history')"));
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task The_second_of_two_files_is_paused_and_cancelled_as_the_page_says()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await TestBytes.WriteFileAsync(folder["first.bin"], 1, 2_000_000);
        await TestBytes.WriteFileAsync(folder["second.bin"], 2, 2_000_000);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await LiveAsync(chromium);
        Throttle(chromium, 200_000);

        chromium.DropFile("#drop", folder["first.bin"], folder["second.bin"]);
        await chromium.WaitForAsync("return [...document.querySelectorAll('.upload progress')].at(1)?.value > 0.05", "some of the second");
        chromium.Element(".upload:nth-child(2) .upload-pause").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload:nth-child(2).paused').length === 1", "the pause");
        var paused = chromium.Number("return document.querySelector('.upload:nth-child(2) progress').value");
        await chromium.WaitForAsync(
            "return document.querySelector('.upload progress').value > arguments[0] + 0.05", "the first to go on",
            chromium.Number("return document.querySelector('.upload progress').value"));
        Assert.Equal(paused, chromium.Number("return document.querySelector('.upload:nth-child(2) progress').value"));

        chromium.Element(".upload:nth-child(2) .upload-resume").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload:nth-child(2).sending').length === 1", "the second to go on");
        chromium.Element(".upload:nth-child(2) .upload-end").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload:nth-child(2).cancelled').length === 1", "the cancellation");
        Assert.Equal("Cancelled; nothing was stored", chromium.Text(".upload:nth-child(2) .upload-state"));
        Throttle(chromium, -1);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 1", "the first");

        var kept = (await gateway.GetJsonAsync("/resources")).GetProperty("items");
        Assert.Equal("first.bin", Assert.Single(kept.EnumerateArray()).GetProperty("fileName").GetString());
        Assert.Empty(chromium.ConsoleErrors());
    }

    [Fact]
    public async Task An_id_that_is_taken_asks_before_anything_is_replaced_and_the_history_keeps_the_old_name()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await File.WriteAllTextAsync(folder["old.txt"], "the old one", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["new.txt"], "the new one", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync(
            "-f", "-H", "Content-Disposition: attachment; filename=old.txt", "-T", folder["old.txt"], $"{gateway.Url}/resources/5"))
            .Succeeded();
        (await Tool.CurlAsync("-f", "-H", "Cache-Control: no-cache", $"{gateway.Url}/resources/5")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await LiveAsync(chromium);

        await ChooseAsync(chromium, "5", folder["new.txt"]);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.asking').length === 1", "the question");
        Assert.Equal("The id 5 is taken: “old.txt”, 11 B. Replace it?", chromium.Text(".upload-state").Replace('\u00a0', ' '));
        AccessibilityTests.Check(chromium, "with a question");
        Assert.Equal("the old one", (await Tool.CurlAsync("-f", $"{gateway.Url}/resources/5")).Output);
        chromium.Element(".upload-question button:nth-child(2)").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.cancelled').length === 1", "the old one to be left");
        Assert.Equal("the old one", (await Tool.CurlAsync("-f", $"{gateway.Url}/resources/5")).Output);

        await ChooseAsync(chromium, "5", folder["new.txt"]);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.asking').length === 1", "the question again");

        // Changed after it was looked at: asked about again.
        await File.WriteAllTextAsync(folder["mid.txt"], "one between", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync(
            "-f", "-H", "Content-Disposition: attachment; filename=mid.txt", "-T", folder["mid.txt"], $"{gateway.Url}/resources/5"))
            .Succeeded();
        chromium.Element(".upload.asking .upload-question button").Click();
        await chromium.WaitForAsync(
            "return document.querySelector('.upload.asking .upload-state')?.textContent.includes('mid.txt')",
            "the question about what is there now");
        chromium.Element(".upload.asking .upload-question button").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 1", "the upload");

        Assert.Equal("the new one", (await Tool.CurlAsync("-f", $"{gateway.Url}/resources/5")).Output);
        await chromium.WaitForAsync(
            "return document.querySelector('.resource-name')?.innerText.includes('new.txt')", "the new name in the list");
        Assert.Equal("old.txt", chromium.Text(".past-name"));
        chromium.Go("rain");
        chromium.Element(".past-line button").Click();
        await chromium.WaitForAsync("return document.querySelectorAll('.transfer.ended').length === 1", "the old transfer");
        Assert.Contains("old.txt", chromium.Text(".transfer-name"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_to_be_replaced_and_has_been_deleted_meanwhile_is_simply_stored()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await File.WriteAllTextAsync(folder["new.txt"], "the new one", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync("-f", "-T", folder["new.txt"], $"{gateway.Url}/resources/5")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await ChooseAsync(chromium, "5", folder["new.txt"]);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.asking').length === 1", "the question");

        (await Tool.CurlAsync("-f", "-X", "DELETE", $"{gateway.Url}/resources/5")).Succeeded();
        chromium.Element(".upload-question button").Click();

        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 1", "the upload");
        Assert.Equal("the new one", (await Tool.CurlAsync("-f", $"{gateway.Url}/resources/5")).Output);
    }

    [Fact]
    public async Task What_was_replaced_since_it_was_shown_is_not_deleted()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await File.WriteAllTextAsync(folder["note.txt"], "first", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync("-f", "-T", folder["note.txt"], $"{gateway.Url}/resources/5")).Succeeded();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the resource");
        chromium.Element(".resource [aria-label^='Delete']").Click();
        await File.WriteAllTextAsync(folder["note.txt"], "second", TestContext.Current.CancellationToken);
        (await Tool.CurlAsync("-f", "-T", folder["note.txt"], $"{gateway.Url}/resources/5")).Succeeded();

        chromium.Element("#confirm [value=yes]").Click();

        await chromium.WaitForAsync(
            "return document.querySelector('.notice.bad')?.innerText.includes('has been replaced since')", "the refusal in words");
        Assert.Equal("second", (await Tool.CurlAsync("-f", $"{gateway.Url}/resources/5")).Output);
    }

    [Fact]
    public async Task A_folder_is_taken_with_all_in_it_and_a_file_that_changes_or_goes_is_told_as_that()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        Directory.CreateDirectory(folder["holiday"]);
        await File.WriteAllTextAsync(folder["holiday/sun.txt"], "sun", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["note.txt"], "rain", TestContext.Current.CancellationToken);
        await TestBytes.WriteFileAsync(folder["changes.bin"], 1, 30_000_000);
        await TestBytes.WriteFileAsync(folder["busy.bin"], 2, 30_000_000);
        await TestBytes.WriteFileAsync(folder["goes.bin"], 3, 100_000);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await LiveAsync(chromium);

        chromium.DropFile("#drop", folder["holiday"], folder["note.txt"]);
        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 2", "the file, and that in the folder");
        Assert.Equal("sun", (await Tool.CurlAsync("-f", $"{gateway.Url}/files/holiday/sun.txt")).Succeeded());
        Assert.Equal("rain", (await Tool.CurlAsync("-f", $"{gateway.Url}/files/note.txt")).Succeeded());
        chromium.Element("#tray-clear").Click();
        Assert.Empty(chromium.Elements(".upload"));

        // One waits for the other two, and is gone when its turn comes; one changes while it is sent.
        Throttle(chromium, 2_000_000);
        chromium.DropFile("#drop", folder["changes.bin"], folder["busy.bin"], folder["goes.bin"]);
        await chromium.WaitForAsync("return document.querySelector('.upload progress')?.value > 0.05", "some of the upload");
        File.Delete(folder["goes.bin"]);
        await File.AppendAllTextAsync(folder["changes.bin"], "more", TestContext.Current.CancellationToken);
        Throttle(chromium, -1);
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.upload.failed').length === 2 && document.querySelectorAll('.upload.done').length === 1",
            "two that fail and one that does not");

        Assert.All(
            [1, 3], row => Assert.Contains(
                "The file can no longer be read", chromium.Text($".upload:nth-child({row}) .upload-state"), StringComparison.Ordinal));
        var kept = (await gateway.GetJsonAsync("/resources")).GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("fileName").GetString());
        Assert.Equal(["busy.bin", "note.txt", "sun.txt"], kept.Order(StringComparer.Ordinal));
        Assert.Equal("{}", chromium.Run("return localStorage.getItem('pouring-rain-uploads')"));
    }

    private static async Task ChooseAsync(Chromium chromium, string id, string path)
    {
        await LiveAsync(chromium);
        chromium.Run("document.querySelector('.drop-options').open = true");
        chromium.Element("#upload-id").SendKeys(id);
        chromium.Element("#file-input").SendKeys(path);
    }

    private static Task LiveAsync(Chromium chromium) =>
        chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the event stream");

    /// <summary>Bytes a second up; -1 for as many as may be.</summary>
    private static void Throttle(Chromium chromium, int uploadBytesPerSecond)
    {
        chromium.Cdp("Network.enable", []);
        chromium.Cdp(
            "Network.emulateNetworkConditions",
            new() { ["offline"] = false, ["latency"] = 0, ["downloadThroughput"] = -1, ["uploadThroughput"] = uploadBytesPerSecond });
    }
}
