namespace EndToEnd;

/// <summary><c>kill -9</c> during PUT leaves the old version or the new one.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task Killed_at_twenty_moments_of_a_put_the_old_version_or_the_new_one_is_there_whole()
    {
        Tool.Require("curl");
        const long length = 24 * 1024 * 1024;
        using var folder = new TestFolder();
        var ports = GatewayProcess.FreePorts(2);
        await using var gateway = await GatewayProcess.StartAsync(folder["node"], ports[0], [ports[1]], [ports[1]]);
        var random = new Random(20);
        var sha256s = new string[21];
        string? overwritten = null;
        var outcomes = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            sha256s[i] = await TestBytes.WriteFileAsync(folder["in"], (ulong)(100 + i), length);
            // Every second PUT overwrites resource 1, the others are new.
            var id = i % 2 == 0 ? 1 : 1000 + i;
            using (var curl = Tool.Start("curl", "-sS", "-f", "-T", folder["in"], $"{gateway.Url}/resources/{id}"))
            {
                // A random moment; some fall into the fsync and rename at the end, some after it.
                await Task.Delay(random.Next(5, 250), TestContext.Current.CancellationToken);
                await gateway.KillAsync();
                var wasAnswered = (await curl.WaitAsync()).ExitCode == 0;
                await gateway.StartAgainAsync();

                var got = await Tool.CurlAsync("-o", folder["out"], "-w", "%{http_code}", $"{gateway.Url}/resources/{id}");
                var status = got.Succeeded();
                var digest = status == "200" ? await TestBytes.HashFileAsync(folder["out"]) : null;
                outcomes.Add(digest == sha256s[i] ? "new" : digest is null ? "none" : "old");
                if (wasAnswered)
                {
                    Assert.Equal(sha256s[i], digest);
                }
                else if (id == 1)
                {
                    Assert.True(digest == sha256s[i] || digest == overwritten, $"neither old nor new after kill {i}: {status}");
                }
                else
                {
                    Assert.True(digest == sha256s[i] || status == "404", $"neither new nor absent after kill {i}: {status}");
                }

                overwritten = id == 1 ? digest : overwritten;
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(" ", outcomes));
        // Nothing half-written stays behind: what is on disk is what is listed (old
        // versions may wait for collection, not more than one each).
        var listed = (await gateway.GetJsonAsync("/resources?limit=100")).GetProperty("items").EnumerateArray()
            .Sum(item => item.GetProperty("length").GetInt64());
        var onDisk = new DirectoryInfo(gateway.StorePath).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        Assert.InRange(onDisk, listed, listed + (length / 4));
    }
}
