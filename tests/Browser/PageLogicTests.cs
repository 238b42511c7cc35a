namespace Browser;

/// <summary>The page's pure modules, run in the browser they are for (<c>Page/logic-tests.js</c>).</summary>
public sealed class PageLogicTests
{
    [Fact]
    public async Task The_state_logic_holds_what_it_promises()
    {
        await using var gateway = await ScriptedGateway.StartAsync();
        using var chromium = Chromium.Start();

        chromium.Open($"{gateway.Url}/page-tests/logic-tests.html");
        await chromium.WaitForAsync("return typeof window.outcome === 'string'", "the logic tests to end");

        var outcome = chromium.Json("return window.outcome");
        Assert.Empty(outcome.GetProperty("failures").EnumerateArray().Select(failure => failure.GetString()));
        Assert.InRange(outcome.GetProperty("count").GetInt32(), 20, int.MaxValue);
    }
}
