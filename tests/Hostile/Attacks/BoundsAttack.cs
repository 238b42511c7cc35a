using Hostile.Http;
using Hostile.Machine;
using Hostile.Rain;

namespace Hostile.Attacks;

/// <summary>A server whose versions HTTP cannot express, or whose manifests are absurdly long.</summary>
internal static class BoundsAttack
{
    private const long MemoryGrowthMax = 160 << 20;
    private static readonly byte[] Body = [1, 2, 3];

    public static Attack Attack { get; } = new(
        "bounds", "offers stamps beyond the year 9999, media types with line ends and beyond ASCII, a manifest of 128 MiB",
        IsQuick: false, RunAsync);

    private static async Task RunAsync(Stage stage)
    {
        var fake = stage.Keep(new FakeRainServer("127.0.0.2"));
        var victim = await stage.StartAsync(new VictimSetup { Servers = [$"{fake.EndPoint}"] });
        using var user = new User(victim, limitSeconds: 40);
        const long stamp = 1_700_000_000_000;
        (string Name, FakeResource Resource)[] rows =
        [
            ("an honest version", FakeResource.Of(Body, stamp)),
            ("stamp 2^63 - 1", FakeResource.Spoilt(Body, long.MaxValue, "text/plain")),
            ("stamp of the year 11476", FakeResource.Spoilt(Body, 300_000_000_000_000, "text/plain")),
            ("stamp -1", FakeResource.Spoilt(Body, -1, "text/plain")),
            ("media type with CR LF", FakeResource.Spoilt(Body, stamp, "text/html\r\nX-Made-By: hostile")),
            ("media type beyond ASCII", FakeResource.Spoilt(Body, stamp, "text/\u00fcml")),
            ("media type of nothing", FakeResource.Spoilt(Body, stamp, "")),
            ("manifest of 128 MiB", FakeResource.Huge(128 << 20, 1L << 40, 1 << 20, 4096, stamp)),
        ];
        var memory = victim.Process.MemoryBytes(peak: true);
        for (var i = 0; i < rows.Length; i++)
        {
            var (name, resource) = rows[i];
            var path = User.Resource(20 + (ulong)i);
            fake[20 + (ulong)i] = resource;
            int[] statuses =
            [
                (await user.GetAsync(path, stage.Cancellation)).Status, (await user.GetAsync("/resources", stage.Cancellation)).Status,
                (await user.GetAsync("/transfers", stage.Cancellation)).Status,
                (await user.PutAsync(path, Body, stage.Cancellation)).Status,
                (await user.GetAsync(path, stage.Cancellation)).Status, (await user.DeleteAsync(path, stage.Cancellation)).Status,
            ];
            var held = (i == 0 ? statuses[0] == 200 : statuses[0] is 404 or 502 or 504)
                && statuses is [_, 200, 200, 200 or 201, 200, 204];
            stage.Row(
                $"{name}: GET, list, transfers, PUT, GET, DELETE", string.Join(' ', statuses), i == 0
                ? "200 200 200 201 200 204" : "404|50x 200 200 201 200 204",
                held);
        }

        var growth = victim.Process.MemoryBytes(peak: true) - memory;
        stage.Row("memory that it took", $"{growth >> 20} MiB", $"{MemoryGrowthMax >> 20} MiB", growth <= MemoryGrowthMax);
    }
}
