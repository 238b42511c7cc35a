using Gateway.Operations;

namespace Gateway.Http;

/// <summary>What the type URIs of problems lead to.</summary>
internal static class ProblemEndpoints
{
    public static void MapProblems(this IEndpointRouteBuilder app) =>
        app.MapRead("/problems/{name}", Show).WithName("ShowProblem").WithTags("Operations").Answers<ProblemDescription>(200, 404).Says(200, "What it means, and whether to try again.")
            .Describe("Explains a type of problem", "The type of a problem document is the path of this.");

    private static IResult Show(string name) =>
        ProblemType.All.FirstOrDefault(type => type.Name == name) is { } type
            ? TypedResults.Ok(new ProblemDescription(type.Uri, type.Status, type.Title, type.IsRetryable))
            : new Problem(ProblemType.NotFound, $"There is no type of problem called {name}.");
}
