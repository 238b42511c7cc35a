namespace Browser;

/// <summary>What the page does when the gateway wants a key, or gives no event stream.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task A_key_is_asked_for_once_and_kept_for_the_tab()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.Key = "rain-or-shine";
        gateway.AddResource(5, "kept.txt", 5, "text/plain", TimeSpan.Zero);
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);

        await chromium.WaitForAsync("return document.getElementById('key-dialog').open", "the question");
        chromium.Element("#key-input").SendKeys("wrong\n");
        await chromium.WaitForAsync("return document.getElementById('key-dialog').open && "
            + "document.getElementById('key-text').textContent.includes('did not accept')", "the question again");
        chromium.Element("#key-input").SendKeys("rain-or-shine\n");
        await chromium.WaitForAsync(
            "return document.querySelectorAll('.resource').length === 1 && document.getElementById('link-text').textContent === 'Live'",
            "the page to live");
        Assert.False((bool)chromium.Run("return document.getElementById('key-dialog').open")!);

        chromium.Driver.Navigate().Refresh();
        await chromium.WaitForAsync("return document.querySelectorAll('.resource').length === 1", "the page after a reload");
        Assert.False((bool)chromium.Run("return document.getElementById('key-dialog').open")!);
        Assert.Null(chromium.Run("return localStorage.getItem('pouring-rain-key')"));
    }

    [Fact]
    public async Task A_key_that_is_declined_is_not_asked_for_over_and_over()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.Key = "rain-or-shine";
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.getElementById('key-dialog').open", "the question");
        chromium.Run("window.asked = 0; new MutationObserver(() => { asked += document.getElementById('key-dialog').open ? 1 : 0; "
            + "}).observe(document.getElementById('key-dialog'), { attributeFilter: ['open'] })");

        chromium.Element("#key-dialog [value=cancel]").Click();
        var polls = chromium.Number("return performance.getEntriesByType('resource').length");
        await chromium.WaitForAsync("return performance.getEntriesByType('resource').length > arguments[0] + 6", "further polls", polls);

        Assert.Equal(0, chromium.Number("return asked"));
        chromium.Element("#key-button").Click();
        Assert.True((bool)chromium.Run("return document.getElementById('key-dialog').open")!);
    }

    [Fact]
    public async Task Without_an_event_stream_the_page_polls()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        gateway.RefusesEvents = true;
        gateway.Rains.Add(new SyntheticRain(1, "5", 1000, 3, TimeSpan.FromSeconds(60), seed: 1));
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);

        await chromium.WaitForAsync(
            "return document.getElementById('link-text').textContent === 'Polling' && "
            + "Number(document.querySelector('.transfer')?.dataset.verified) > 0", "rain by polling");
        var first = chromium.Number("return document.querySelector('.transfer').dataset.verified");
        await chromium.WaitForAsync(
            "return Number(document.querySelector('.transfer').dataset.verified) > arguments[0]", "more rain by polling", first);
        gateway.RefusesEvents = false;
        await chromium.WaitForAsync("return document.getElementById('link-text').textContent === 'Live'", "the stream to be found again");
    }

    [Fact]
    public async Task Nothing_is_asked_of_any_other_place()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        using var chromium = Chromium.Start();
        chromium.Open(gateway.Url);
        await chromium.WaitForAsync("return document.querySelectorAll('#servers tbody tr').length > 0", "the page");

        var places = chromium.Json(
            "return JSON.stringify([...new Set(performance.getEntriesByType('resource').map((entry) => new URL(entry.name).origin))])");
        Assert.Equal([gateway.Url], places.EnumerateArray().Select(place => place.GetString()!));
        Assert.Empty(chromium.ConsoleErrors());
    }
}
