using EndToEnd;
using OpenQA.Selenium;

namespace Browser;

/// <summary>"Try it out" of the API's own page.</summary>
public sealed class SwaggerTests
{
    [Fact]
    public async Task A_file_is_put_and_got_by_try_it_out()
    {
        using var folder = new TestFolder();
        await using var gateway = await GatewayProcess.StartWithThreeServersAsync(folder["node"]);
        await File.WriteAllTextAsync(folder["note.txt"], "Let it rain.", TestContext.Current.CancellationToken);
        using var chromium = Chromium.Start();
        chromium.Resize(1280, 1600);
        chromium.Open($"{gateway.Url}/swagger");
        await chromium.WaitForAsync("return document.querySelectorAll('.opblock').length > 5", "the operations");

        await TryOutAsync(chromium, "PutResource", block =>
        {
            Fill(block, "id", "9007199254740993");
            block.FindElement(By.CssSelector("input[type=file]")).SendKeys(folder["note.txt"]);
        });
        Assert.Equal("201", chromium.Text("[id$='-PutResource'] .live-responses-table .response .response-col_status").Trim()[..3]);
        var listed = (await gateway.GetJsonAsync("/resources")).GetProperty("items")[0];
        Assert.Equal("9007199254740993", listed.GetProperty("id").GetString());
        Assert.Equal(12, listed.GetProperty("length").GetInt64());

        await TryOutAsync(chromium, "GetResource", block => Fill(block, "id", "9007199254740993"));
        Assert.Equal("200", chromium.Text("[id$='-GetResource'] .live-responses-table .response .response-col_status").Trim()[..3]);
        var got = chromium.RunAsync("fetch(document.querySelector(\"[id$='-GetResource'] .live-responses-table "
            + "a[download]\").href).then((body) => body.text()).then(arguments[0])");
        Assert.Equal("Let it rain.", got);
        Assert.Empty(chromium.ConsoleErrors());
    }

    private static async Task TryOutAsync(Chromium chromium, string operation, Action<IWebElement> fill)
    {
        var selector = $"[id$='-{operation}']";
        chromium.Run("document.querySelector(arguments[0] + ' .opblock-summary-control').click()", selector);
        await chromium.WaitForAsync(
            "return document.querySelector(arguments[0] + ' .try-out__btn') !== null", "the operation to open", selector);
        chromium.Run("document.querySelector(arguments[0] + ' .try-out__btn').click()", selector);
        await chromium.WaitForAsync("return document.querySelector(arguments[0] + ' .execute') !== null", "the form", selector);
        fill(chromium.Element(selector));
        chromium.Run("document.querySelector(arguments[0] + ' .execute').click()", selector);
        await chromium.WaitForAsync(
            "return document.querySelector(arguments[0] + ' .live-responses-table .response .response-col_status') !== null", "the answer",
            selector);
    }

    private static void Fill(IWebElement block, string parameter, string value)
    {
        var input = block.FindElement(By.CssSelector($"tr[data-param-name='{parameter}'] input"));
        input.SendKeys(Keys.Control + "a");
        // The field takes what was typed when it is left.
        input.SendKeys(value + Keys.Tab);
    }
}
