namespace Browser;

/// <summary>What the page does when a piece of an upload is refused: it waits, asks, tells, and gives up in the end.</summary>
public sealed class UploadRetryTests
{
    [Theory]
    [InlineData(404, true)]
    [InlineData(410, true)]
    [InlineData(409, false)]
    public async Task An_upload_that_is_astray_is_asked_about_before_it_is_sent_again(int status, bool forgets)
    {
        using var folder = new EndToEnd.TestFolder();
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.PieceAnswers.Enqueue(new(status, Forgets: forgets));
        using var chromium = await DropAsync(gateway, folder);

        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 1", "the upload");

        var requests = gateway.UploadRequests.ToArray();
        Assert.Equal(
            forgets ? "PUT PATCH HEAD PUT PATCH" : "PUT PATCH HEAD PATCH", string.Join(' ', requests.Select(request => request.Method)));
        Assert.True(requests[2].At - requests[1].At > TimeSpan.FromMilliseconds(300), "it was asked about at once");
        Assert.Contains(
            chromium.Json("return JSON.stringify(seen)").EnumerateArray(),
            text => text.GetString()!.Contains("trying again at", StringComparison.Ordinal));
        Assert.Equal("{}", chromium.Run("return localStorage.getItem('pouring-rain-uploads')"));
    }

    [Fact]
    public async Task A_gateway_that_says_when_is_asked_again_then()
    {
        using var folder = new EndToEnd.TestFolder();
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.PieceAnswers.Enqueue(new(503, RetryAfter: "3"));
        using var chromium = await DropAsync(gateway, folder);

        await chromium.WaitForAsync("return document.querySelectorAll('.upload.done').length === 1", "the upload");

        var requests = gateway.UploadRequests.ToArray();
        Assert.Equal("PUT PATCH HEAD PATCH", string.Join(' ', requests.Select(request => request.Method)));
        Assert.True(requests[2].At - requests[1].At >= TimeSpan.FromSeconds(2.9), "it was asked again too early");
        Assert.Contains(
            chromium.Json("return JSON.stringify(seen)").EnumerateArray(),
            text => text.GetString()!.Contains("Not now; trying again at", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_upload_that_the_gateway_loses_over_and_over_fails_in_words()
    {
        using var folder = new EndToEnd.TestFolder();
        await using var gateway = await ScriptedGateway.StartAsync();
        for (var round = 0; round < 20; round++)
        {
            gateway.PieceAnswers.Enqueue(new(404, Forgets: true));
        }

        using var chromium = await DropAsync(gateway, folder);
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.upload.failed').length === 1 && document.querySelectorAll('.notice.bad').length === 1",
            "the failure");

        Assert.InRange(gateway.UploadRequests.Count, 5, 12);
        Assert.Contains("was not uploaded", chromium.Text(".notice.bad"), StringComparison.Ordinal);
    }

    private static async Task<Chromium> DropAsync(ScriptedGateway gateway, EndToEnd.TestFolder folder)
    {
        await File.WriteAllTextAsync(folder["note.txt"], "rain", TestContext.Current.CancellationToken);
        var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the event stream");
        chromium.Run("""
            window.seen = [];
            new MutationObserver(() => seen.push(document.querySelector('.upload-state')?.textContent ?? ''))
              .observe(document.getElementById('uploads'), { subtree: true, childList: true, attributes: true, characterData: true });
            """);
        chromium.DropFile("#drop", folder["note.txt"]);
        return chromium;
    }
}
