using System.Globalization;
using System.Text.Json;

namespace Gateway.Tests.Operations;

/// <summary>What the gateway tells of its store, and reading all of it now.</summary>
public sealed class StoreTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    [Fact]
    public async Task The_store_is_shown_as_it_stands()
    {
        await using var gateway = await TestGateway.StartAsync("Store:QuotaBytes=10MB");
        await gateway.PutAsync("/resources/1", TestGateway.Bytes(1000));
        await gateway.PutAsync("/resources/2", TestGateway.Bytes(200_000));
        await gateway.PutAsync("/resources/3", TestGateway.Bytes(3000));
        await gateway.PutAsync("/resources/3", TestGateway.Bytes(2000));
        await gateway.PutAsync("/resources/4", TestGateway.Bytes(70_000));
        await gateway.SendAsync("DELETE", "/resources/4", null);
        var answer = await gateway.GetAsync("/store");
        Assert.Equal((200, "no-store"), (answer.Status, answer["Cache-Control"]));
        var store = answer.Json;
        Assert.Equal(
            ["resources", "keptBytes", "cachedBytes", "tombstones", "freeBytes", "quotaBytes", "quarantine", "trouble", "scrub"],
            store.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            (3, 203_000, 0, 1, 10_000_000),
            (Number(store, "resources"), Number(store, "keptBytes"), Number(store, "cachedBytes"), Number(store, "tombstones"),
                Number(store, "quotaBytes")));
        Assert.InRange(Number(store, "freeBytes"), 1, long.MaxValue);
        Assert.Equal(JsonValueKind.Null, store.GetProperty("trouble").ValueKind);
        Assert.Equal((0, 0), (Number(store.GetProperty("quarantine"), "files"), Number(store.GetProperty("quarantine"), "bytes")));
        var scrub = store.GetProperty("scrub");
        Assert.Equal(
            ["state", "passStarted", "checkedBytes", "totalBytes", "checkedResources", "damaged", "lastPassFinished", "bytesPerSecond"],
            scrub.EnumerateObject().Select(property => property.Name));
        Assert.Equal(("waiting", 203_000), (scrub.GetProperty("state").GetString(), Number(scrub, "totalBytes")));
        Assert.Equal(JsonValueKind.Null, scrub.GetProperty("lastPassFinished").ValueKind);
    }

    [Fact]
    public async Task A_scrub_that_is_asked_for_finds_what_has_rotted()
    {
        await using var gateway = await TestGateway.StartAsync("Store:ScrubDays=0");
        await gateway.PutAsync("/resources/1", TestGateway.Bytes(200_000));
        await gateway.PutAsync("/resources/2", TestGateway.Bytes(300_000));
        await gateway.PutAsync("/resources/3", TestGateway.Bytes(3000));
        var blobs = new DirectoryInfo(Path.Combine(gateway.Folder, "data", "blobs"));
        var blob = blobs.EnumerateFiles().Single(file => file.Length == 200_000).FullName;
        var bytes = await File.ReadAllBytesAsync(blob, TestContext.Current.CancellationToken);
        bytes[100_000] ^= 1;
        await File.WriteAllBytesAsync(blob, bytes, TestContext.Current.CancellationToken);
        Assert.Equal("off", (await gateway.GetAsync("/store")).Json.GetProperty("scrub").GetProperty("state").GetString());

        var accepted = await gateway.SendAsync("POST", "/store/scrub", null);
        Assert.Equal((202, "/store"), (accepted.Status, accepted["Location"]));
        Assert.Equal("running", accepted.Json.GetProperty("scrub").GetProperty("state").GetString());
        JsonElement store;
        while ((store = (await gateway.GetAsync("/store")).Json).GetProperty("scrub").GetProperty("state").GetString() != "off")
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        var scrub = store.GetProperty("scrub");
        Assert.Equal((3, 1, 2), (Number(scrub, "checkedResources"), Number(scrub, "damaged"), Number(store, "resources")));
        Assert.True(scrub.GetProperty("lastPassFinished").GetDateTimeOffset() >= scrub.GetProperty("passStarted").GetDateTimeOffset());
        Assert.Equal(2, Number(store.GetProperty("quarantine"), "files"));
        Assert.Equal(404, (await gateway.GetAsync("/resources/1")).Status);
        Assert.Equal(200, (await gateway.GetAsync("/resources/2")).Status);
        var metrics = (await gateway.GetAsync("/metrics")).Text;
        Assert.Contains("murky_store_scrub_damaged_total 1\n", metrics, StringComparison.Ordinal);

        // Of the damaged one as much as came before its wrong block.
        const string name = "murky_store_scrub_bytes_total ";
        var read = metrics.Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..];
        Assert.InRange(long.Parse(read, CultureInfo.InvariantCulture), 303_000, 303_000 + 100_000);
    }

    [Fact]
    public async Task A_scrub_needs_a_key_where_there_are_some()
    {
        await using var gateway = await TestGateway.StartAsync($"Gateway:Keys={Key}");
        Assert.Equal(200, (await gateway.GetAsync("/store")).Status);
        Assert.Equal(401, (await gateway.SendAsync("POST", "/store/scrub", null)).Status);
        Assert.Equal(202, (await gateway.SendAsync("POST", "/store/scrub", null, ("Authorization", $"Bearer {Key}"))).Status);
    }

    private static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();
}
