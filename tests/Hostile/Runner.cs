using System.Runtime.InteropServices;

namespace Hostile;

/// <summary>The command line: one attack, or several one after the other, and the table of what they came to.</summary>
internal static class Runner
{
    /// <returns>0 when everything held, 1 when something did not, 2 for wrong options, 130 when it was stopped.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<Attack> attacks, string[] arguments)
    {
        var name = arguments.FirstOrDefault() ?? "";
        Attack[] chosen = name switch
        {
            "all" => [.. attacks],
            "quick" => [.. attacks.Where(attack => attack.IsQuick)],
            _ => [.. attacks.Where(attack => attack.Name == name)],
        };
        if (chosen.Length == 0)
        {
            WriteHelp(attacks);
            return name == "--help" ? 0 : 2;
        }

        if (Options.Parse(arguments.AsSpan(1), out var error) is not { } options)
        {
            await Console.Error.WriteLineAsync(error);
            return 2;
        }

        if (!OperatingSystem.IsLinux())
        {
            await Console.Error.WriteLineAsync("needs Linux");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var table = new Table();
        foreach (var attack in chosen)
        {
            await RunAsync(attack, options, table, stop.Token);
            if (stop.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync("stopped");
                return 130;
            }
        }

        if (options.JsonPath is { } path)
        {
            await table.WriteJsonAsync(path);
        }

        return table.HasHeld ? 0 : 1;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task RunAsync(Attack attack, Options options, Table table, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(attack.Limit);
        await using var stage = new Stage(attack.Name, options, table, limit.Token);
        try
        {
            await attack.RunAsync(stage);
        }
        catch (CannotAttackException reason)
        {
            table.Add(attack.Name, "not tried", reason.Message, "", held: null);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            if (!stop.IsCancellationRequested)
            {
                table.Add(attack.Name, "the attack as a whole", $"did not end in {attack.Limit}", "ends", held: false);
            }
        }
        catch (InvalidOperationException failure)
        {
            table.Add(attack.Name, "the attack as a whole", failure.Message, "can be made", held: false);
        }
    }

    private static void WriteHelp(IReadOnlyList<Attack> attacks)
    {
        Console.WriteLine($"Hostile ATTACK {Options.Usage}");
        Console.WriteLine("Attacks real gateways, which it starts itself, on loopback. Exit code 1 when something did not hold.");
        Console.WriteLine();
        foreach (var attack in attacks)
        {
            Console.WriteLine("{0,-17}{1}", attack.Name, attack.Description);
        }

        var quick = string.Join(", ", attacks.Where(attack => attack.IsQuick).Select(attack => attack.Name));
        Console.WriteLine("{0,-17}{1}", "quick", $"those of a few seconds: {quick}");
        Console.WriteLine("{0,-17}{1}", "all", "every one of them");
    }
}
